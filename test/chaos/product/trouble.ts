import type { Check } from "../chaos-test.ts";
import type { Random } from "../random.ts";
import type { Run } from "./run.ts";
import type { Sources } from "./sources.ts";

/** What befalls the product's own work: a fault of the plan, made again and again until the work is done. */
export interface Trouble {
  readonly number: number;
  /** Of which test of the plan it is the fault. */
  readonly of: number;
  readonly title: string;
  befall(sources: Sources, random: Random): Promise<Befallen>;
  /** What shows with a guard taken away; unset, that other sources make other tables. */
  control?(): Promise<Check>;
}

export interface Befallen {
  readonly run: Run;
  /** The trouble that came, and whether it came at all. */
  readonly came: Check;
}

/** Every worker takes two jobs at a time. */
export const crewOrder = { concurrency: 2 };
