import { adviseErrors } from "../../../data/observer/advise.ts";
import { corrections, errors } from "../../../data/observer/lessons/lesson.ts";
import { refreshTogether } from "../../../data/observer/refresh.ts";
import type { JobContext } from "../../define-job.ts";
import { askModel } from "../ask-model.ts";
import type { Input } from "./job.ts";

export async function run(context: JobContext<Input, undefined>) {
  const { lake, signal, reportProgress } = context;
  const lessons = await refreshTogether(lake, [errors, corrections], signal);
  await reportProgress({ stage: "lessons", done: lessons.length, total: lessons.length, unit: "tables" });
  const done = lessons.map(({ table, how, rows }) => ({ table, how, rows }));
  return { done, explained: await askModel(context, adviseErrors) };
}
