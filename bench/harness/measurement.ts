/** What a figure must be; `trend` is reported and has no limit. */
export type Goal =
  | { readonly atMost: number }
  | { readonly atLeast: number }
  | { readonly exactly: number }
  | "trend";

export interface Figure {
  /** Words for a reader, such as "append ÷ DuckDB's COPY". */
  readonly name: string;
  readonly unit: "ratio" | "ms" | "s" | "MiB" | "per s" | "count";
  readonly goal: Goal;
}

export interface MeasuringContext {
  /** 1 is the size of the issue; every size a measurement uses is multiplied by it. */
  readonly scale: number;
  /** A Redis of the harness's own, started when first asked for. */
  redisUrl(): Promise<string>;
}

/**
 * One program that answers one or several figures at once, so that both sides of a ratio are measured in the same run.
 * `bench/<area>/figures.ts` exports a list of them; `bench/main.ts` finds that file by its name.
 */
export interface Measurement {
  readonly name: string;
  /** What scale 1 is, in words: "10,000,000 rows". */
  readonly size: string;
  /** By the names that `run` answers under; what it answers beyond these is left out. */
  readonly figures: Readonly<Record<string, Figure>>;
  /** Measured runs; a measurement that repeats itself inside says 1. */
  readonly runs: number;
  /** A run before the first, at a tenth of the size, that is not counted. */
  readonly warmUp: boolean;
  /** The figure to draw over 1, 2, 4 and 8 times a tenth of the size. */
  readonly curve?: string;
  run(context: MeasuringContext): Promise<Readonly<Record<string, number>>>;
}
