import type { Lake } from "../lake.ts";
import { type BronzeBundle, currentBundles } from "./bronze/bronze-bundle.ts";
import { parsedBundles, stale } from "./bronze/parsed-bundle.ts";

/** What one refresh is to do. The order of the bundles is that of their records: by cohort, then name, as bytes. */
export interface RefreshPlan {
  readonly chunks: readonly (readonly BronzeBundle[])[];
  /** Bundles whose rows are to go. */
  readonly withdrawn: readonly BronzeBundle[];
  readonly cohorts: readonly string[];
  readonly totalBytes: number;
  /** Everything is to be read, also what was read before. */
  readonly isFull: boolean;
}

const MIB = 1024 ** 2;
/** A chunk costs the planning of ten SELECTs, so it is not small; and there are some for several workers. */
const CHUNK_BYTES = { least: 64 * MIB, most: 192 * MIB };
const CHUNKS = 8;
/** DuckDB reads the files of a chunk side by side, so small ones are bounded by number. */
const CHUNK_FILES = 2_000;

/** Finds what Silver does not yet show of Bronze. An empty plan means that nothing is to be done. */
export async function planRefresh(
  lake: Lake,
  { cohorts, full = false }: { readonly cohorts?: readonly string[]; readonly full?: boolean } = {},
): Promise<RefreshPlan> {
  const all = await currentBundles(lake, { ...(cohorts ? { cohorts } : {}), withdrawn: true });
  const parsed = await parsedBundles(lake);
  const current = all.filter((bundle) => bundle.withdrawn_at === null);
  const known = new Set(parsed.map(({ cohort, name }) => JSON.stringify([cohort, name])));
  const withdrawn = all.filter(
    ({ cohort, name, withdrawn_at }) => withdrawn_at !== null && known.has(JSON.stringify([cohort, name])),
  );
  const todo = stale(current, parsed, full);
  return {
    chunks: chunked(todo),
    withdrawn,
    cohorts: [...new Set(all.map((bundle) => bundle.cohort))],
    totalBytes: todo.reduce((sum, bundle) => sum + bundle.size_bytes, 0),
    isFull: full,
  };
}

function chunked(bundles: readonly BronzeBundle[]): BronzeBundle[][] {
  const chunks: BronzeBundle[][] = [];
  const total = bundles.reduce((sum, bundle) => sum + bundle.size_bytes, 0);
  const most = Math.min(CHUNK_BYTES.most, Math.max(CHUNK_BYTES.least, total / CHUNKS));
  let chunk: BronzeBundle[] = [];
  let bytes = 0;
  for (const bundle of bundles) {
    if (chunk.length > 0 && (bytes + bundle.size_bytes > most || chunk.length >= CHUNK_FILES)) {
      chunks.push(chunk);
      [chunk, bytes] = [[], 0];
    }
    chunk.push(bundle);
    bytes += bundle.size_bytes;
  }
  return chunk.length > 0 ? [...chunks, chunk] : chunks;
}
