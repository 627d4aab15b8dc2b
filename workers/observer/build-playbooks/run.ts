import { adviseRuns } from "../../../data/observer/advise-runs.ts";
import { actors, configurations, outcomes, playbooks } from "../../../data/observer/lessons/lesson.ts";
import { storeRecommendations } from "../../../data/observer/recommend.ts";
import { refresh } from "../../../data/observer/refresh.ts";
import { indexSignatures } from "../../../data/observer/signatures.ts";
import type { JobContext } from "../../define-job.ts";
import { askModel } from "../ask-model.ts";
import type { Input } from "./job.ts";

export async function run(context: JobContext<Input, undefined>) {
  const { lake, signal, reportProgress } = context;
  const lessons = [configurations, outcomes, actors, playbooks];
  const done: { table: string; how: string; rows: number }[] = [];
  for (const lesson of lessons) {
    const { table, how, rows } = await refresh(lake, lesson, signal);
    done.push({ table, how, rows });
    await reportProgress({ stage: "lessons", done: done.length, total: lessons.length, unit: "tables" });
  }
  if (done.every(({ how }) => how === "unchanged"))
    return { done, signatures: 0, recommendations: 0, advised: 0 };
  const signatures = await indexSignatures(lake, signal);
  const recommendations = await storeRecommendations(lake, signal);
  return { done, signatures, recommendations, advised: await askModel(context, adviseRuns) };
}
