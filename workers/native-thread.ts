import { makeStopFlag, raise, type StopFlag } from "../data/vectors/hnsw/stop-flag.ts";
import { runInThread, type ThreadOptions } from "./thread.ts";

/** The library reads vectors number by number, and leaves an object of each. */
const GARBAGE_MB = 8;

/**
 * As `runInThread`, for work that calls the graph library: on abort the thread is asked to end and waited for, since
 * ending it in the middle of a call would end this process. It looks between any two calls, which take milliseconds.
 */
export async function runNativeThread<Input extends { readonly stop?: StopFlag }, Output>(
  module: URL,
  input: Omit<Input, "stop">,
  { signal, ...options }: Pick<ThreadOptions, "signal" | "onProgress">,
): Promise<Output> {
  signal.throwIfAborted();
  const stop = makeStopFlag();
  const ask = () => raise(stop);
  signal.addEventListener("abort", ask, { once: true });
  try {
    return await runInThread(
      module,
      { ...input, stop },
      { ...options, garbageMb: GARBAGE_MB, signal: new AbortController().signal },
    );
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", ask);
  }
}
