import type { JobView } from "../../queues/job-view.ts";
import { count } from "../quantities.ts";

interface Amount {
  readonly done: number;
  readonly total: number | null;
  readonly unit: string;
}

/** `3/10 tables`, `1/1 table`, `7 rows`. */
export function amountOf({ done, total, unit }: Amount): string {
  const name = (total ?? done) === 1 ? unit.replace(/s$/, "") : unit;
  return `${count(done)}${total === null ? "" : `/${count(total)}`} ${name}`;
}

/** The state of a job in the words of every command. */
export function stateWord({ state, cancelled }: Pick<JobView, "state" | "cancelled">): string {
  if (cancelled) return "cancelled";
  if (state === "waiting-children") return "waits for its parts";
  return state === "active" ? "running" : state;
}
