import { z } from "zod";
import { IndexName } from "../../data/vectors/index-definition.ts";
import { readIndex } from "../../data/vectors/indexes.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { Input, vectorsTrial } from "../../workers/autotune/vectors-trial/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const trySetting = defineRoute({
  summary: "Try a setting of an index, aside",
  description:
    "Builds a graph, measures it on the evaluation set and writes the figures to the journal; what serves stays as it is.",
  method: "post",
  path: "/vectors/{index}/trials",
  role: "operate",
  params: z.strictObject({ index: IndexName }),
  body: Input.omit({ index: true }),
  takesIdempotencyKey: true,
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ params, body, lake, queues, idempotencyKey }) {
    await readIndex(lake, params.index);
    const input = { index: params.index, ...body };
    return accepted(
      await enqueue(
        queues,
        vectorsTrial,
        input,
        idempotencyKey === undefined ? {} : { requestId: idempotencyKey },
      ),
    );
  },
});
