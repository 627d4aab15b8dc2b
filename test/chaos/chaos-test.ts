import type { Verdict } from "./cluster.ts";
import type { Random } from "./random.ts";

export interface Setting {
  readonly random: Random;
  readonly size: "short" | "full";
}

export interface Check {
  readonly says: string;
  readonly holds: boolean;
}

export interface Finding {
  /** The trouble that was made, with its numbers. */
  readonly fault: string;
  readonly verdict?: Verdict;
  readonly checks: readonly Check[];
}

/** One row of the plan: a promise, the trouble it is put to, and what shows that the test can fail. */
export interface ChaosTest {
  readonly number: number;
  readonly title: string;
  /** Also in the short form. */
  readonly short: boolean;
  /** Most of its time it waits for a pause to end. */
  readonly waits?: true;
  run(setting: Setting): Promise<Finding>;
  /** The same with the guard taken away; the check holds when the trouble then shows. */
  control(setting: Setting): Promise<Check>;
}
