import { DataError } from "../errors.ts";
import { ref } from "../redact.ts";

/** Errors that tell of the machine; what others say may quote the data. */
const tellsOfTheMachine = /^(IO Error|Out of Memory Error|Interrupt|E[A-Z]+:)/;

/**
 * The error as it may be logged: names of bundles become references, and of an engine's error that may quote a
 * value only its kind is left. The original is not kept as the cause, for a log would print it.
 */
export function withoutNames(
  error: unknown,
  files: readonly { readonly path: string; readonly name: string }[],
): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "AbortError" || error.name === "TimeoutError") return error;
  const kind = /^([A-Z][A-Za-z ]* Error)\b/.exec(error.message)?.[1];
  let message =
    kind && !tellsOfTheMachine.test(error.message) ? `${kind} while bundles were read.` : error.message;
  for (const { path, name } of files) {
    message = message.replaceAll(path, ref(name)).replaceAll(name, ref(name));
  }
  return error instanceof DataError ? new DataError(message) : new Error(message);
}
