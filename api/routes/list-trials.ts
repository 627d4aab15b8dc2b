import { z } from "zod";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { readTrials, Trial } from "../../data/vectors/trials/journal.ts";
import { defineRoute } from "../define-route.ts";

export const listTrials = defineRoute({
  summary: "Every trial of an index, the oldest first",
  description: "The journal is the table `vectors.trials`, which `POST /sql` reads too.",
  method: "get",
  path: "/vectors/{index}/trials",
  role: "read",
  params: z.strictObject({ index: IndexName }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ trials: z.array(Trial) }).meta({ id: "VectorTrials" }),
  async handle({ params, lake }) {
    const { name } = await readIndex(lake, params.index);
    return { trials: await readTrials(lake, name) };
  },
});
