import { z } from "zod";
import { readIndex } from "../../data/vectors/indexes.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { embeddingRefresh } from "../../workers/embedding/embedding-refresh/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const refreshVectorIndex = defineRoute({
  summary: "Embed what changed in a vector index's table since its last refresh",
  method: "post",
  path: "/vectors/{index}/refresh",
  role: "operate",
  params: z.strictObject({ index: z.string().describe("The index's name") }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ lake, params, queues }) {
    const { name } = await readIndex(lake, params.index);
    return accepted(await enqueue(queues, embeddingRefresh, { index: name }));
  },
});
