import { DataError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import type { RecallWatch } from "../autotune/live-recall.ts";
import { scoreOf } from "../distance.ts";
import type { ModelServer } from "../embedders/ollama.ts";
import { openIndexEmbedder } from "../embedders/open-embedder.ts";
import { type LoadedIndexes, loadedIndexesOf } from "../generations/loaded-indexes.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { readIndex } from "../indexes.ts";
import { filterOf } from "./filtered.ts";
import { fuse } from "./fuse.ts";
import { keywordSearch } from "./keywords.ts";
import { type Found, nearest } from "./nearest-rows.ts";
import { keyOf } from "./newer-rows.ts";
import type { Hit, SearchReply, SearchRequest } from "./request.ts";
import { fill } from "./rows.ts";

/** What a search needs beside the lake. */
export interface SearchOptions {
  /** Asked only for searches in words, of an index that a model of it made. */
  readonly server?: ModelServer | undefined;
  readonly signal?: AbortSignal;
  /** Told of what the index answered, for it compares some of it with the truth. */
  readonly watch?: RecallWatch;
  /** Whose generations are searched; default the process's own. */
  readonly indexes?: LoadedIndexes;
}

/** Each list is looked into so far before the two are fused. */
const FUSED_DEPTH = 100;

/** Answers a search over one index, from its generation and from what is newer than that. */
export async function search(
  lake: Lake,
  index: string,
  request: SearchRequest,
  options: SearchOptions = {},
): Promise<SearchReply> {
  return searchIndex(lake, await recentDefinition(lake, index), request, options);
}

/** An index keeps its definition for life, so reading it at every search would cost more than the search. */
const DEFINITION_MS = 1_000;
const definitions = new WeakMap<
  Lake,
  Map<string, { readonly at: number; readonly definition: IndexDefinition }>
>();

async function recentDefinition(lake: Lake, index: string): Promise<IndexDefinition> {
  const known = definitions.get(lake) ?? new Map();
  definitions.set(lake, known);
  const recent = known.get(index);
  if (recent && performance.now() - recent.at < DEFINITION_MS) return recent.definition;
  const definition = await readIndex(lake, index);
  known.set(index, { at: performance.now(), definition });
  return definition;
}

/** As `search`, for who has the definition at hand. */
export async function searchIndex(
  lake: Lake,
  definition: IndexDefinition,
  request: SearchRequest,
  options: SearchOptions = {},
): Promise<SearchReply> {
  const vector = await queryVector(definition, request, options);
  const filter = request.filter === undefined ? undefined : await filterOf(lake, definition, request.filter);
  const depth = request.hybrid ? Math.max(FUSED_DEPTH, request.k) : request.k;
  const indexes = options.indexes ?? loadedIndexesOf(lake);
  const found = await nearest(lake, indexes, definition, { vector, k: depth, filter, exact: request.exact });
  if (found.generation !== null && (found.method === "hnsw" || found.method === "lance"))
    void options.watch?.saw(definition, found.generation, vector, found.rows);
  const hits = request.hybrid
    ? await fused(lake, definition, request, found, filter?.idsSql)
    : found.rows.map((row) => ({ ...row, score: scoreOf(definition.metric, row.distance) }));
  const wanted = { include: request.include, text: request.text_of_chunk };
  const bare = wanted.include.length === 0 && !wanted.text;
  return {
    index: definition.name,
    hits: bare ? hits : await fill(lake, definition, hits, wanted),
    method: found.method,
    why: found.why,
    index_generation: found.generation,
    unindexed_rows: found.unindexedRows,
    sql_matches: filter?.matches ?? null,
  };
}

async function fused(
  lake: Lake,
  definition: IndexDefinition,
  { text = "", k }: SearchRequest,
  found: Found,
  among: string | undefined,
): Promise<Hit[]> {
  const worded = await keywordSearch(lake, definition, text, Math.max(FUSED_DEPTH, k), among);
  const lists: readonly (readonly Hit[])[] = [
    found.rows.map((row) => ({ ...row, score: 0 })),
    worded.map(({ id, chunk }) => ({ id, chunk, distance: null, score: 0 })),
  ];
  return fuse(lists, ({ id, chunk }) => keyOf(id, chunk))
    .slice(0, k)
    .map(({ item, score }) => ({ ...item, score }));
}

async function queryVector(
  definition: IndexDefinition,
  { text, vector }: SearchRequest,
  { server, signal }: SearchOptions,
): Promise<ArrayLike<number>> {
  if (vector) return checked(definition, vector);
  const embedder = await openIndexEmbedder(definition, { server, ...(signal && { signal }) });
  const [made] = await embedder.embed([text ?? ""], signal);
  if (made?.some((x) => x !== 0)) return checked(definition, made);
  throw new DataError("The text has no word to look for: write letters or digits.");
}

function checked({ name, dimensions }: IndexDefinition, vector: ArrayLike<number>): ArrayLike<number> {
  if (vector.length !== dimensions)
    throw new DataError(`A vector for ${name} has ${dimensions} numbers, and this one ${vector.length}.`);
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) ** 2;
  if (Number.isFinite(sum) && sum > 0) return vector;
  throw new DataError("The vector is zero or not of finite numbers: it has no direction to look in.");
}
