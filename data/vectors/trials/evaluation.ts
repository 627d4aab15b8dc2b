import { z } from "zod";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import { type IndexDefinition, indexFolder } from "../index-definition.ts";
import { comparableSql } from "../search/in-engine.ts";
import type { Truth } from "./measure.ts";

/** So many rows are held out of what is measured, and of few rows a tenth. */
const QUERIES = 100;
const SHARE = 0.1;
const SET = "held-out";

const Stored = z.strictObject({
  index: z.string(),
  model: z.string(),
  dimensions: z.int(),
  seed: z.int(),
  /** The version of the vectors' table that the questions were drawn from. */
  drawnFrom: z.int(),
  /** The rows that the questions are. */
  held: z.array(z.strictObject({ id: z.string(), chunk: z.int() })),
  /** Little-endian 32-bit floats, one question after another, in base64. */
  queries: z.string(),
});

/** Rows of the index that are asked for their neighbours, by which every build that was made without them is judged. */
export interface EvaluationSet {
  readonly name: string;
  readonly queries: readonly Float32Array[];
  /** Which rows these are, as a condition over `id` and `chunk`. */
  readonly isHeld: string;
}

const Drawn = z.object({ id: z.string(), chunk: z.coerce.number(), vector: z.array(z.number()) });

function evaluationKey(index: string): string {
  return `${indexFolder(index)}/evals/${SET}.json`;
}

/**
 * The evaluation set of an index; drawn when there is none, by a seed, so that the same rows give the same questions.
 * It stays when rows come and go, so that figures of one index can be compared; only a set that was drawn from few rows is
 * drawn again from more.
 */
export async function evaluationSet(
  lake: Lake,
  definition: IndexDefinition,
  { rows, seed = 1 }: { readonly rows: number; readonly seed?: number },
): Promise<EvaluationSet> {
  const { model, dimensions } = definition;
  const key = evaluationKey(definition.name);
  const wanted = Math.min(QUERIES, Math.floor(rows * SHARE));
  const known = await read(lake, key);
  const fits = known?.model === model && known.dimensions === dimensions && known.seed === seed;
  if (known && fits && known.held.length >= wanted) return setOf(known);
  const drawn = await draw(lake, definition, seed, wanted);
  const { version } = await lake.table(`vectors.${definition.name}`).snapshot();
  const stored = {
    index: definition.name,
    model,
    dimensions,
    seed,
    drawnFrom: version,
    held: drawn.map(({ id, chunk }) => ({ id, chunk })),
    queries: pack(drawn.map(({ vector }) => Float32Array.from(vector))),
  };
  if (drawn.length > 0) await lake.storage.put(key, JSON.stringify(stored));
  return setOf(stored);
}

async function read(lake: Lake, key: string): Promise<z.infer<typeof Stored> | undefined> {
  try {
    return Stored.parse(JSON.parse(String(await lake.storage.get(key))));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function draw(lake: Lake, definition: IndexDefinition, seed: number, count: number) {
  const rows = await comparableSql(lake, definition);
  return (await lake.duckdb()).query(
    Drawn,
    `select id, chunk, vector from (${rows}) order by hash(id || ' ' || chunk || ' ${seed}'), id, chunk limit ${count}`,
  );
}

function pack(queries: readonly Float32Array[]): string {
  return Buffer.concat(queries.map((query) => Buffer.from(query.buffer))).toString("base64");
}

function setOf({ dimensions, held, queries }: z.infer<typeof Stored>): EvaluationSet {
  const bytes = Buffer.from(queries, "base64");
  const keys = held.map(({ id, chunk }) => `(${quote(id)}, ${chunk})`).join(", ");
  return {
    name: `${SET}-${held.length}`,
    isHeld: held.length === 0 ? "false" : `(id, chunk) in (${keys})`,
    queries: held.map((_row, q) =>
      Float32Array.from({ length: dimensions }, (_x, i) => bytes.readFloatLE((q * dimensions + i) * 4)),
    ),
  };
}

const StoredTruth = z.array(z.number());

/** What is known of the set's true neighbours among certain rows; `rows` names a version and a sample of it. */
export async function knownTruth(
  lake: Lake,
  index: string,
  set: string,
  rows: string,
): Promise<Truth | undefined> {
  try {
    const bytes = await lake.storage.get(truthKey(index, set, rows));
    return StoredTruth.parse(JSON.parse(String(bytes)));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

export async function rememberTruth(
  lake: Lake,
  index: string,
  set: string,
  rows: string,
  truth: Truth,
): Promise<void> {
  await lake.storage.put(truthKey(index, set, rows), JSON.stringify(truth));
}

function truthKey(index: string, set: string, rows: string): string {
  return `${indexFolder(index)}/evals/${set}-truth/${rows}.json`;
}
