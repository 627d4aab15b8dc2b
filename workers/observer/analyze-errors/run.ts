import { openBridge } from "../../../data/llm/bridge.ts";
import { ModelMatrix } from "../../../data/llm/model-matrix.ts";
import { adviseErrors } from "../../../data/observer/advise.ts";
import { corrections, errors } from "../../../data/observer/lessons/lesson.ts";
import { refreshTogether } from "../../../data/observer/refresh.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

const matrix = new ModelMatrix();

export async function run(context: JobContext<Input, undefined>) {
  const { lake, signal, reportProgress } = context;
  const lessons = await refreshTogether(lake, [errors, corrections], signal);
  await reportProgress({ stage: "lessons", done: lessons.length, total: lessons.length, unit: "tables" });
  const done = lessons.map(({ table, how, rows }) => ({ table, how, rows }));
  return { done, explained: await explain(context) };
}

/** The rules stand without a model, and stand as well when the one there is fails. */
async function explain({
  lake,
  modelServer,
  log,
  signal,
  note,
}: JobContext<Input, undefined>): Promise<number> {
  if (!modelServer) return 0;
  try {
    return await adviseErrors(lake, openBridge({ url: modelServer.url, matrix, log }), signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, "The model could not explain failures; the rules' words stand");
    await note("The model could not be asked; causes are by rules alone");
    return 0;
  }
}
