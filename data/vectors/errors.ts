import { DataError, NotFoundError } from "../errors.ts";

export class IndexNotFoundError extends NotFoundError {
  override readonly name: string = "IndexNotFoundError";

  constructor(index: string) {
    super(
      `There is no vector index ${index.slice(0, 100)}: list them with \`millrace vectors ls\`, or create it.`,
    );
  }
}

/** An index keeps its definition for life; another one takes another name. */
export class IndexExistsError extends DataError {
  override readonly name: string = "IndexExistsError";

  constructor(index: string) {
    super(`The vector index ${index} exists with another definition: drop it first, or choose another name.`);
  }
}

export class ColumnNotFoundError extends NotFoundError {
  override readonly name: string = "ColumnNotFoundError";

  constructor(table: string, column: string, known: readonly string[]) {
    super(`${table} has no column ${column.slice(0, 100)}; it has ${known.join(", ")}.`);
  }
}

/** The model that made an index's vectors is not the one that would make more of them. */
export class ModelMismatchError extends DataError {
  override readonly name: string = "ModelMismatchError";
}

/** The model server does not answer, or not in time. Asking again later may help. */
export class ModelServerError extends Error {
  override readonly name: string = "ModelServerError";
}
