import type { Lake } from "../../lake.ts";
import { distanceOf } from "../distance.ts";
import type { LoadedIndex } from "../generations/loaded-index.ts";
import type { LoadedIndexes } from "../generations/loaded-indexes.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { Nearest } from "../nearest.ts";
import type { Filter } from "./filtered.ts";
import { nearestInEngine } from "./in-engine.ts";
import { type FoundRow, keyOf, type NewerRows, nearestOf } from "./newer-rows.ts";
import type { Method } from "./request.ts";

export interface NearestRequest {
  readonly vector: ArrayLike<number>;
  readonly k: number;
  readonly filter: Filter | undefined;
  readonly exact: boolean;
}

export interface Found {
  readonly rows: readonly FoundRow[];
  readonly method: Method;
  readonly why: string;
  readonly generation: number | null;
  readonly unindexedRows: number | null;
}

/** Below this share of the rows a filter leaves too little of what a wider graph search brings. */
const WIDE_SHARE = 0.1;
/** More is asked for than the share demands, for neighbours of the question may be rarer among the rows that pass. */
const MARGIN = 2;
const ROWS_A_TURN = 500;

/** The nearest rows by the way that is quickest and still gives all that pass the filter. */
export async function nearest(
  lake: Lake,
  indexes: LoadedIndexes,
  definition: IndexDefinition,
  request: NearestRequest,
): Promise<Found> {
  const inEngine = async (why: string): Promise<Found> => ({
    rows: await nearestInEngine(lake, definition, request.vector, request.k, request.filter?.idsSql),
    method: "exact",
    why,
    generation: null,
    unindexedRows: null,
  });
  if (request.filter?.matches === 0) return nothing;
  if (request.exact) return inEngine("asked for: every row was compared");

  using lease = await indexes.lease(definition);
  const { index, newer } = lease;
  if (!index || !newer)
    return inEngine(
      lease.trouble
        ? `no generation can be read (${lease.trouble}); every row was compared`
        : "the index was not built yet; every row was compared",
    );
  // The look at the table's log and the search in the graph take their time together.
  const looking = newer.now();
  looking.catch(() => undefined);
  const early = request.filter ? undefined : index.nearest(request.vector, request.k);
  const changes = await looking;
  if (!changes) return inEngine("too much is newer than the generation; every row was compared");

  const found = request.filter
    ? await throughFilter(index, changes, { ...request, filter: request.filter })
    : await unfiltered(index, changes, request, early ?? []);
  if (!found)
    return inEngine("the filter leaves too few for the graph, too many to name; all that pass were compared");
  return {
    ...found,
    why: lease.trouble ? `${found.why}; the newest generation cannot be read (${lease.trouble})` : found.why,
    generation: index.pointer.generation.number,
    unindexedRows: changes.rows.length,
    rows: await merged(found.rows, changes, definition, request),
  };
}

const nothing: Found = {
  rows: [],
  method: "exact-filtered",
  why: "no row meets the filter",
  generation: null,
  unindexedRows: null,
};

type FromIndex = Pick<Found, "rows" | "method" | "why">;

async function unfiltered(
  index: LoadedIndex,
  { gone }: NewerRows,
  { vector, k }: NearestRequest,
  early: ReturnType<LoadedIndex["nearest"]>,
): Promise<FromIndex> {
  const { backend } = index.pointer.generation;
  let rows = present(await early, gone);
  // What is gone may have stood before what is not: ask again, for so many more.
  if (rows.length < k && gone.size > 0)
    rows = present(await index.nearest(vector, k + gone.size), gone).slice(0, k);
  return { rows, method: backend, why: `the ${backend} index answered` };
}

async function throughFilter(
  index: LoadedIndex,
  { gone }: NewerRows,
  request: NearestRequest & { readonly filter: Filter },
): Promise<FromIndex | undefined> {
  const { filter, vector, k } = request;
  if (filter.ids && index.chunksOf) {
    const rows = await compared(index, filter.ids, gone, request);
    return {
      rows,
      method: "exact-filtered",
      why: `${filter.matches} rows meet the filter; each was compared`,
    };
  }
  const total = index.rows;
  const share = filter.matches / Math.max(1, filter.rows);
  if (share < WIDE_SHARE) return undefined;
  const fetch = Math.min(total, Math.ceil((k / share) * MARGIN) + gone.size);
  const near = present(await index.nearest(vector, fetch), gone);
  const passing = await filter.among([...new Set(near.map(({ id }) => id))]);
  const rows = near.filter(({ id }) => passing.has(id)).slice(0, k);
  if (rows.length < k) return undefined;
  const percent = Math.round(share * 100);
  return {
    rows,
    method: "over-fetch",
    why: `${percent} % of the rows meet the filter; ${fetch} were fetched and checked`,
  };
}

/** Compares the question with each row that is named, a few at a time. */
async function compared(
  index: LoadedIndex,
  ids: ReadonlySet<string>,
  gone: ReadonlySet<string>,
  { vector, k }: NearestRequest,
): Promise<FoundRow[]> {
  const distance = distanceOf(index.metric);
  const best = new Nearest<{ id: string; chunk: number }>(k);
  let seen = 0;
  for (const id of ids) {
    for (const row of (await index.chunksOf?.(id)) ?? []) {
      if (gone.has(keyOf(id, row.chunk))) continue;
      best.offer({ id, chunk: row.chunk }, distance(vector, row.vector));
      seen += 1;
      if (seen % ROWS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return best.items().map(({ item, distance }) => ({ ...item, distance }));
}

function present(rows: FoundRow[], gone: ReadonlySet<string>): FoundRow[] {
  return gone.size === 0 ? rows : rows.filter(({ id, chunk }) => !gone.has(keyOf(id, chunk)));
}

/** The rows of the generation with those that are newer, the nearest of both. */
async function merged(
  rows: readonly FoundRow[],
  changes: NewerRows,
  { metric }: IndexDefinition,
  { vector, k, filter }: NearestRequest,
): Promise<readonly FoundRow[]> {
  if (changes.rows.length === 0) return rows;
  const passing =
    filter && (filter.ids ?? (await filter.among([...new Set(changes.rows.map(({ id }) => id))])));
  const newer = await nearestOf(changes.rows, metric, vector, k, passing && ((id) => passing.has(id)));
  return [...rows, ...newer].sort((a, b) => a.distance - b.distance).slice(0, k);
}
