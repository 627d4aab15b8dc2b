import { enqueue } from "../../queues/enqueue.ts";
import { Input, sequencesExport } from "../../workers/sequences/sequences-export/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const exportSequences = defineRoute({
  summary: "Write the last build as Parquet shards of tokens, as a MEDS data set, or both",
  description: "`out` is a folder as the workers see it; what it held of an earlier export is replaced.",
  method: "post",
  path: "/sequences/export",
  role: "operate",
  body: Input,
  takesIdempotencyKey: true,
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ body, queues, idempotencyKey }) {
    return accepted(
      await enqueue(queues, sequencesExport, body, idempotencyKey ? { requestId: idempotencyKey } : {}),
    );
  },
});
