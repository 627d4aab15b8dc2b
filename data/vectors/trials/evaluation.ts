import { z } from "zod";
import { NotFoundError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { dot } from "../distance.ts";
import { type IndexDefinition, indexFolder } from "../index-definition.ts";
import { comparableSql } from "../search/in-engine.ts";
import { bell, seeded } from "../seeded.ts";
import type { Truth } from "./measure.ts";

const QUERIES = 100;
/** How far a question lies from the row it was made of, as a share of its length: near, and none of the rows. */
const AWAY = 0.25;

const Stored = z.strictObject({
  name: z.string(),
  index: z.string(),
  model: z.string(),
  dimensions: z.int(),
  seed: z.int(),
  /** The version of the vectors' table that the questions were drawn from. */
  drawnFrom: z.int(),
  /** Little-endian 32-bit floats, one question after another, in base64. */
  queries: z.string(),
});

/** Questions that no row of the index is, by which every build of it is judged. */
export interface EvaluationSet {
  readonly name: string;
  readonly queries: readonly Float32Array[];
}

const Drawn = z.object({ vector: z.array(z.number()) });

function evaluationKey(index: string, name: string): string {
  return `${indexFolder(index)}/evals/${name}.json`;
}

/**
 * The evaluation set of an index; drawn when there is none, by a seed, so that the same rows give the same questions.
 * It stays when rows come and go, so that figures of one index can be compared.
 */
export async function evaluationSet(
  lake: Lake,
  definition: IndexDefinition,
  { name = "default", seed = 1 }: { name?: string; seed?: number } = {},
): Promise<EvaluationSet> {
  const key = evaluationKey(definition.name, name);
  const known = await read(lake, key);
  if (known?.model === definition.model && known.dimensions === definition.dimensions) return setOf(known);
  const queries = await draw(lake, definition, seed);
  if (queries.length > 0) {
    const drawnFrom = (await lake.table(`vectors.${definition.name}`).snapshot()).version;
    const { model, dimensions } = definition;
    const stored = {
      name,
      index: definition.name,
      model,
      dimensions,
      seed,
      drawnFrom,
      queries: pack(queries),
    };
    await lake.storage.put(key, JSON.stringify(stored));
  }
  return { name, queries };
}

async function read(lake: Lake, key: string): Promise<z.infer<typeof Stored> | undefined> {
  try {
    return Stored.parse(JSON.parse(String(await lake.storage.get(key))));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Each question is a row's vector, moved: what people ask lies near what they mean, and is nowhere stored. */
async function draw(lake: Lake, definition: IndexDefinition, seed: number): Promise<Float32Array[]> {
  const rows = await comparableSql(lake, definition);
  const drawn = await (await lake.duckdb()).query(
    Drawn,
    `select vector from (${rows}) order by hash(id || ' ' || chunk || ' ${seed}'), id, chunk limit ${QUERIES}`,
  );
  if (drawn.length === 0) return [];
  return Array.from({ length: QUERIES }, (_, at) => {
    const vector = drawn[at % drawn.length]?.vector ?? [];
    return moved(vector, seeded(definition.name, seed, at));
  });
}

function moved(vector: readonly number[], random: () => number): Float32Array {
  const away = vector.map(() => bell(random));
  const scale = (AWAY * Math.sqrt(dot(vector, vector))) / Math.sqrt(dot(away, away) || 1);
  return Float32Array.from(vector, (x, at) => x + scale * (away[at] ?? 0));
}

function pack(queries: readonly Float32Array[]): string {
  return Buffer.concat(queries.map((query) => Buffer.from(query.buffer))).toString("base64");
}

function setOf({ name, dimensions, queries }: z.infer<typeof Stored>): EvaluationSet {
  const bytes = Buffer.from(queries, "base64");
  const count = Math.floor(bytes.length / 4 / dimensions);
  return {
    name,
    queries: Array.from({ length: count }, (_, q) =>
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
