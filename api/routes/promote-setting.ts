import { z } from "zod";
import { HnswSetting } from "../../data/vectors/generation.ts";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { vectorsBuild } from "../../workers/embedding/vectors-build/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const promoteSetting = defineRoute({
  summary: "Build an index with a setting and let it serve",
  method: "post",
  path: "/vectors/{index}/promote",
  role: "operate",
  params: z.strictObject({ index: IndexName }),
  body: HnswSetting.extend({ seed: HnswSetting.shape.seed.default(42) }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ params, body, lake, queues }) {
    const { name } = await readIndex(lake, params.index);
    return accepted(await enqueue(queues, vectorsBuild, { index: name, setting: body, force: false }));
  },
});
