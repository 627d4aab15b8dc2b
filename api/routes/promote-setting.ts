import { z } from "zod";
import { HnswSetting } from "../../data/vectors/generation.ts";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { settingOfTrial } from "../../data/vectors/trials/setting-of-trial.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { vectorsBuild } from "../../workers/embedding/vectors-build/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const promoteSetting = defineRoute({
  summary: "Build an index with a setting, or with that of a trial, and let it serve",
  method: "post",
  path: "/vectors/{index}/promote",
  role: "operate",
  params: z.strictObject({ index: IndexName }),
  body: z.union([
    z.strictObject({
      trial: z.string().min(1).describe("As the journal names it: `GET /vectors/{index}/trials`"),
      efSearch: HnswSetting.shape.efSearch
        .optional()
        .describe("One of the widths that it measured; unset: the narrowest that found enough"),
    }),
    HnswSetting.extend({ seed: HnswSetting.shape.seed.default(42) }),
  ]),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ params, body, lake, queues }) {
    const index = await readIndex(lake, params.index);
    const setting = "trial" in body ? await settingOfTrial(lake, index, body) : body;
    return accepted(await enqueue(queues, vectorsBuild, { index: index.name, setting, force: false }));
  },
});
