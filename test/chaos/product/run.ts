import { setTimeout as pause } from "node:timers/promises";
import { poolNames } from "../../../queues/pools.ts";
import { Cluster, type ClusterOptions, type Verdict } from "../cluster.ts";
import { contentsOf } from "../oracle.ts";
import { Caller } from "./caller.ts";
import type { Sources } from "./sources.ts";

/** Diaries, which tell of every run, and of a disturbed one there is more to tell; and what was measured. */
const diaries = ["silver.ingest_log", "sequences.steps", "vectors.trials"];

/** What came of the product's work. */
export interface Run {
  readonly verdict: Verdict;
  readonly torn: readonly string[];
  /** A digest of each table. */
  readonly contents: ReadonlyMap<string, string>;
  /** How the jobs ended that did not complete. */
  readonly failures: readonly string[];
  readonly letters: number;
  readonly refusals: number;
}

export interface Disturbance {
  readonly everyMs: number;
  act(): unknown;
}

/** A lock shorter than many of the jobs, so that what is taken from a worker soon runs again. */
export function productCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return Cluster.start({ pools: poolNames, lockMs: 2_000, stalledCheckMs: 500, ...options });
}

/** All of the work, and meanwhile the disturbance again and again. */
export async function runProduct(
  cluster: Cluster,
  sources: Sources,
  { everyMs, act }: Disturbance = { everyMs: 1_000, act: () => undefined },
  asks = 1,
): Promise<Run> {
  const caller = new Caller(cluster, asks);
  const over = new AbortController();
  const working = caller.work(sources).finally(() => over.abort());
  const disturbing = repeat(everyMs, act, over.signal);
  await Promise.all([working, disturbing]);
  const verdict = await cluster.judge(await cluster.quiet());
  return {
    verdict,
    torn: await cluster.torn(),
    contents: await contentsOf(cluster.lake, diaries),
    failures: caller.ended.flatMap(({ kind, state, error }) =>
      state === "completed" ? [] : [`${kind} ${state}: ${error}`],
    ),
    letters: (await cluster.deadLetters()).length,
    refusals: caller.refusals,
  };
}

async function repeat(everyMs: number, act: () => unknown, over: AbortSignal): Promise<void> {
  for (;;) {
    await pause(everyMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    await act();
  }
}
