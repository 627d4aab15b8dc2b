import type { Lake } from "../lake.ts";
import { type BronzeBundle, currentBundles } from "./bronze/bronze-bundle.ts";
import { parsedBundles, stale } from "./bronze/parsed-bundle.ts";
import { sharedBundles, withSharers } from "./bronze/shared-bundle.ts";

/** A bundle and its place among all of Bronze: of two records with one key that of the later bundle counts. */
export type PlacedBundle = BronzeBundle & { readonly number: number };

/** What one refresh is to do. */
export interface RefreshPlan {
  readonly chunks: readonly (readonly PlacedBundle[])[];
  /** Bundles whose rows are to go. */
  readonly withdrawn: readonly BronzeBundle[];
  /** By name: what changed or goes, and what shares records with it. Rows are made of these whatever they say. */
  readonly changed: ReadonlySet<string>;
  readonly cohorts: readonly string[];
  readonly totalBytes: number;
  /** Everything is to be read, also what was read before. */
  readonly isFull: boolean;
}

const MIB = 1024 ** 2;
/** A chunk costs the planning of ten SELECTs, so it is not small; and there are some for several workers. */
const CHUNK_BYTES = { least: 64 * MIB, most: 288 * MIB };
const CHUNKS = 8;
/** More than those come four at a time: two or four workers share them evenly, and none is left with the last one. */
const AT_A_TIME = 4;
/** DuckDB reads the files of a chunk side by side, so small ones are bounded by number. */
const CHUNK_FILES = 2_000;

/** Finds what Silver does not yet show of Bronze. An empty plan means that nothing is to be done. */
export async function planRefresh(
  lake: Lake,
  { cohorts, full = false }: { readonly cohorts?: readonly string[]; readonly full?: boolean } = {},
): Promise<RefreshPlan> {
  const all = inTheirPlaces(await currentBundles(lake, { withdrawn: true }));
  const asked = cohorts ? all.filter(({ cohort }) => cohorts.includes(cohort)) : all;
  const current = asked.filter(isCurrent);
  const parsed = await parsedBundles(lake);
  const known = new Set(parsed.map(idOf));
  const withdrawn = asked.filter((bundle) => !isCurrent(bundle) && known.has(idOf(bundle)));
  const stirred = [...stale(current, parsed), ...withdrawn].map(({ name }) => name);
  const changed = withSharers(stirred, await sharedBundles(lake));
  const wanted = new Set(full ? current.map(({ name }) => name) : stirred);
  const todo = all.filter(
    (bundle) =>
      isCurrent(bundle) && (wanted.has(bundle.name) || (changed.has(bundle.name) && known.has(idOf(bundle)))),
  );
  return {
    chunks: chunked(todo),
    withdrawn,
    changed,
    cohorts: [...new Set(asked.map((bundle) => bundle.cohort))],
    totalBytes: todo.reduce((sum, bundle) => sum + bundle.size_bytes, 0),
    isFull: full,
  };
}

/** The order of records: by cohort, then name, as bytes. */
export function inTheirPlaces(all: readonly BronzeBundle[]): PlacedBundle[] {
  return all.map((bundle, number) => ({ ...bundle, number }));
}

function isCurrent({ withdrawn_at }: BronzeBundle): boolean {
  return withdrawn_at === null;
}

function idOf({ cohort, name }: Pick<BronzeBundle, "cohort" | "name">): string {
  return JSON.stringify([cohort, name]);
}

/** Chunks of much the same size, so that no worker is left with the last one while the others wait. */
export function chunked(bundles: readonly PlacedBundle[]): PlacedBundle[][] {
  const total = bundles.reduce((sum, bundle) => sum + bundle.size_bytes, 0);
  const count = Math.max(
    roundedUp(Math.ceil(total / CHUNK_BYTES.most)),
    Math.min(CHUNKS, Math.ceil(total / CHUNK_BYTES.least)),
  );
  const chunks: PlacedBundle[][] = [];
  let passed = 0;
  for (const bundle of bundles) {
    const chunk = chunks.at(-1);
    const isFull = passed + bundle.size_bytes / 2 > (total / count) * chunks.length;
    if (!chunk || isFull || chunk.length >= CHUNK_FILES) chunks.push([bundle]);
    else chunk.push(bundle);
    passed += bundle.size_bytes;
  }
  return chunks;
}

function roundedUp(count: number): number {
  return count > CHUNKS ? Math.ceil(count / AT_A_TIME) * AT_A_TIME : count;
}
