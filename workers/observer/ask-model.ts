import type { Lake } from "../../data/lake.ts";
import { type Bridge, openBridge } from "../../data/llm/bridge.ts";
import { ModelMatrix } from "../../data/llm/model-matrix.ts";
import type { JobContext } from "../define-job.ts";

const matrix = new ModelMatrix();

/** The rules stand without a model, and stand as well when the one there is fails. Answers how much it had to say. */
export async function askModel(
  { lake, modelServer, log, signal, note }: JobContext<object, undefined>,
  advise: (lake: Lake, bridge: Bridge, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  if (!modelServer) return 0;
  try {
    return await advise(lake, openBridge({ url: modelServer.url, matrix, log }), signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, "The model could not be asked; what the rules say stands");
    await note("The model could not be asked; what is said is by rules alone");
    return 0;
  }
}
