/**
 * The pools, in the order data flows through them. A pool is one queue with the workers that serve it; its
 * workers share one resource, and the limits say how much of it they may take.
 *
 * A heavy pool keeps its locks for 30 s, longer than any pause of a busy process; a light one for 10 s, so
 * that what a dead worker held runs again sooner. The check for stalled jobs is cheap and runs every 5 s in both.
 *
 * `follows` names the pool whose work leads to this one's, for its workers to get ready.
 */
const heavy = { lockMs: 30_000, stalledCheckMs: 5_000 } as const;
const light = { lockMs: 10_000, stalledCheckMs: 5_000 } as const;

export const pools = {
  /** Landing of sources, parsing of bundles: disk and CPU. */
  "cohort-ingest": { perProcess: 2, perCluster: 32, ...heavy },
  /** Merges and validation. One writer a table is the merge kind's `exclusive`. */
  "silver-merge": { perProcess: 2, perCluster: 16, follows: "cohort-ingest", ...heavy },
  /** Gold tables have one writer. */
  "gold-build": { perProcess: 1, perCluster: 1, follows: "cohort-ingest", ...heavy },
  /** The MIMIC-IV pipeline: memory, which DuckDB bounds. Where one part works in one thread, the other has the rest. */
  sequences: { perProcess: 2, perCluster: 16, ...heavy },
  /** Waits on the model server. */
  embedding: { perProcess: 2, perCluster: 8, ...heavy },
  /** A trial fills a core and holds the index in memory. */
  autotune: { perProcess: 1, perCluster: 4, ...heavy },
  /** Very many, very small. */
  observer: { perProcess: 8, perCluster: 64, ...light },
  /** Optimize, vacuum, checkpoints, reconciling: disk. */
  maintenance: { perProcess: 2, perCluster: 8, ...light },
} as const satisfies Record<string, PoolLimits>;

interface PoolLimits {
  readonly perProcess: number;
  readonly perCluster: number;
  readonly lockMs: number;
  readonly stalledCheckMs: number;
  readonly follows?: string;
}

export type PoolName = keyof typeof pools;
export const poolNames = Object.keys(pools) as [PoolName, ...PoolName[]];

export function poolBefore(pool: PoolName): PoolName | undefined {
  const limits: PoolLimits = pools[pool];
  return poolNames.find((name) => name === limits.follows);
}
