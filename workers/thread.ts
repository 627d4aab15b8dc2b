import { type Transferable, Worker } from "node:worker_threads";
import { DataError } from "../data/errors.ts";
import type { Progress } from "../queues/progress.ts";

export interface ThreadOptions {
  /** Ends the thread wherever it is, also in the middle of a loop. */
  readonly signal: AbortSignal;
  /** What its JavaScript heap may grow to; buffers and native memory are not counted. */
  readonly memoryMb?: number;
  /** How much garbage may gather before it is looked for; a few megabytes cost little where most of it dies young. */
  readonly garbageMb?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Buffers to hand over instead of copying. */
  readonly transfer?: readonly Transferable[];
}

/** What a module that runs in a thread exports as `work`. Input and output are copied between the threads. */
export type ThreadWork<Input, Output> = (
  input: Input,
  report: (progress: Progress) => void,
) => Output | Promise<Output>;

interface Message<Output> {
  readonly progress?: Progress;
  readonly output?: Output;
  readonly error?: ThreadFailure;
}

interface ThreadFailure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: unknown;
  readonly ofData: boolean;
}

/**
 * Runs the `work` of a module in a thread of its own, so that the event loop, and with it the lock on the job, goes on
 * while it computes. The module is named by URL: `new URL("./build.thread.ts", import.meta.url)`.
 */
export async function runInThread<Input, Output>(
  module: URL,
  input: Input,
  { signal, memoryMb, garbageMb, onProgress, transfer = [] }: ThreadOptions,
): Promise<Output> {
  signal.throwIfAborted();
  const thread = new Worker(new URL("./thread-entry.js", import.meta.url), {
    workerData: { module: module.href, input },
    transferList: [...transfer],
    execArgv: [],
    resourceLimits: {
      ...(memoryMb !== undefined && { maxOldGenerationSizeMb: memoryMb }),
      ...(garbageMb !== undefined && { maxYoungGenerationSizeMb: garbageMb }),
    },
  });
  let stop: (() => void) | undefined;
  try {
    return await new Promise<Output>((resolve, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      thread.on("message", (message: Message<Output>) => {
        if (message.progress) onProgress?.(message.progress);
        else if (message.error) reject(rebuilt(message.error));
        else resolve(message.output as Output);
      });
      thread.on("error", reject);
      thread.on("exit", (code) =>
        reject(new Error(`The thread of ${nameOf(module)} ended with code ${code}`)),
      );
    });
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
    await thread.terminate();
  }
}

/** A class does not survive the way between threads, and whether a retry can mend an error hangs on its class. */
function rebuilt({ name, message, stack, code, ofData }: ThreadFailure): Error {
  const error = ofData ? new DataError(message) : new Error(message);
  Object.defineProperty(error, "name", { value: name });
  return Object.assign(error, stack === undefined ? {} : { stack }, code === undefined ? {} : { code });
}

function nameOf({ pathname }: URL): string {
  return pathname.slice(pathname.lastIndexOf("/") + 1);
}
