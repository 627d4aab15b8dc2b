import type { Lake } from "../../data/lake.ts";
import type { Storage } from "../../data/storage/storage.ts";
import type { Queues } from "../../queues/queues.ts";
import type { CliContext } from "../context.ts";
import type { Crew } from "./crew.ts";

/** What every step of the demo works with: a lake of its own and a cluster over it. */
export interface DemoGround {
  /** For `runJob` and the like, with the demo's own lake. */
  readonly context: CliContext;
  readonly lake: Lake;
  readonly storage: Storage;
  readonly queues: Queues;
  /** The worker processes; a step may kill them, and must leave at least one that serves. */
  readonly crew: Crew;
  /** One line on the way. */
  say(line: string): void;
}

/** One thing that the demo shows. It throws when what it claims does not hold. */
export interface DemoStep {
  readonly title: string;
  /** What was seen, for the summary: `{ "jobs done": 8, "seconds": 3.2 }`. */
  run(ground: DemoGround): Promise<Readonly<Record<string, number | string>>>;
}
