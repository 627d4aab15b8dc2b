import { parentPort, workerData } from "node:worker_threads";
import { register } from "tsx/esm/api";

// A thread does not inherit what `--import tsx` set up in its parent, on no Node version in the same way.
const unregister = register();
const { DataError, firstError } = await import("../data/errors.ts");

try {
  const { work } = await import(workerData.module);
  const output = await work(workerData.input, (progress) => parentPort.postMessage({ progress }));
  parentPort.postMessage({ output });
} catch (thrown) {
  const first = firstError(thrown);
  const error = first instanceof Error ? first : new Error(String(first));
  const { name, message, stack, code } = error;
  parentPort.postMessage({ error: { name, message, stack, code, ofData: error instanceof DataError } });
} finally {
  await unregister();
}
