import { z } from "zod";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { BestMetric, bestOf } from "../../data/vectors/trials/best.ts";
import { readTrials, Trial } from "../../data/vectors/trials/journal.ts";
import { defineRoute } from "../define-route.ts";

export const bestTrials = defineRoute({
  summary:
    "The best trials of an index: by recall, by latency at its target recall, or all that nothing dominates",
  method: "get",
  path: "/vectors/{index}/best",
  role: "read",
  params: z.strictObject({ index: IndexName }),
  query: z.strictObject({
    metric: BestMetric.default("pareto").describe(
      "What best means: `pareto` lists those that no other beats in both",
    ),
  }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ metric: BestMetric, trials: z.array(Trial) }).meta({ id: "BestVectorTrials" }),
  async handle({ params, query, lake }) {
    const { name, targetRecall } = await readIndex(lake, params.index);
    return { metric: query.metric, trials: bestOf(await readTrials(lake, name), query.metric, targetRecall) };
  },
});
