import { z } from "zod";
import type { Trial } from "./journal.ts";

export const BestMetric = z.enum(["recall", "latency", "pareto"]);
export type BestMetric = z.infer<typeof BestMetric>;

type Point = Pick<Trial, "recall" | "p50_ms">;

/** As good in both and better in one. */
export function dominates(a: Point, b: Point): boolean {
  return a.recall >= b.recall && a.p50_ms <= b.p50_ms && (a.recall > b.recall || a.p50_ms < b.p50_ms);
}

/** Those that no other dominates, the quickest first. */
export function frontier<Each extends Point>(points: readonly Each[]): Each[] {
  return points
    .filter((point) => !points.some((other) => dominates(other, point)))
    .toSorted((a, b) => a.p50_ms - b.p50_ms || b.recall - a.recall);
}

/** The trials over all rows as they were last tried: of fewer rows every setting is quicker. */
export function wholeTrials(trials: readonly Trial[]): Trial[] {
  const whole = trials.filter(({ share }) => share === 1);
  const newest = Math.max(...whole.map(({ table_version }) => table_version));
  return whole.filter(({ table_version }) => table_version === newest);
}

/** The best of them: by recall, then speed; by speed among those that find enough; or the frontier. */
export function bestOf(trials: readonly Trial[], metric: BestMetric, targetRecall: number): Trial[] {
  const whole = wholeTrials(trials);
  if (metric === "pareto") return frontier(whole);
  const ranked =
    metric === "recall"
      ? whole.toSorted((a, b) => b.recall - a.recall || a.p50_ms - b.p50_ms)
      : whole
          .filter(({ recall }) => recall >= targetRecall)
          .toSorted((a, b) => a.p50_ms - b.p50_ms || b.recall - a.recall);
  return ranked.slice(0, 1);
}
