import type { RowStream } from "../stream-rows.ts";
import type { Cell } from "./cell.ts";
import { rowsOf } from "./rows.ts";

/** One document: the columns with their types, the rows as objects, and how many there are. */
export async function* encodeJson(result: RowStream): AsyncGenerator<string> {
  const columns = result.columns.map(({ name, type }) => ({ name, type: String(type) }));
  yield `{"columns":${JSON.stringify(columns)},"rows":[`;
  const row = rowEncoder(result);
  let separator = "";
  let rowCount = 0;
  for await (const rows of rowsOf(result)) {
    yield `${separator}${rows.map(row).join(",\n")}`;
    separator = ",\n";
    rowCount += rows.length;
  }
  yield `],"rowCount":${rowCount}}\n`;
}

/** One object a line. */
export async function* encodeNdjson(result: RowStream): AsyncGenerator<string> {
  const row = rowEncoder(result);
  for await (const rows of rowsOf(result)) yield `${rows.map(row).join("\n")}\n`;
}

/** A batch of rows a line, without their names: those may be there twice. */
export async function* encodeCells(result: RowStream): AsyncGenerator<string> {
  for await (const rows of rowsOf(result)) yield `${JSON.stringify(rows)}\n`;
}

function rowEncoder({ columns }: RowStream): (row: Cell[]) => string {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  return (row) => `{${row.map((cell, index) => `${names[index]}${JSON.stringify(cell)}`).join(",")}}`;
}
