import { QueryProcess } from "./query-process.ts";

/** Starting one takes half a second, so those that did their work well wait for the next query. */
const waiting: { readonly process: QueryProcess; readonly leave: NodeJS.Timeout }[] = [];

const IDLE_MS = 5 * 60_000;
/** What one may have kept of the queries before; beyond it a new one is lighter. */
const KEPT_BYTES = 400 * 1024 ** 2;

export function takeProcess(): QueryProcess {
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    clearTimeout(next.leave);
    if (!next.process.isAlive) continue;
    next.process.wake();
    return next.process;
  }
  return new QueryProcess();
}

export async function giveBack(process: QueryProcess, residentBytes: number): Promise<void> {
  if (residentBytes > KEPT_BYTES) await replace(process);
  else rest(process);
}

/** Ends it, and starts another, so that the next query need not wait for that. */
export async function replace(process: QueryProcess): Promise<void> {
  await process.end();
  rest(new QueryProcess());
}

function rest(process: QueryProcess): void {
  process.rest();
  waiting.push({ process, leave: setTimeout(() => process.kill(), IDLE_MS).unref() });
}
