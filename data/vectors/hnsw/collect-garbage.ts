import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/**
 * Collects this thread's garbage now. For what holds memory that the collector cannot see and no call gives back: it
 * would wait for a heap to fill that is nearly empty. Takes milliseconds, so not for the event loop of a process.
 */
export function collectGarbage(): void {
  if (!collect) {
    // The function is only in contexts that are made once the flag is set.
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
