import { enqueue } from "../../queues/enqueue.ts";
import { Input, sequencesBuild } from "../../workers/sequences/sequences-build/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const buildSequences = defineRoute({
  summary: "Turn a MIMIC-IV release into event sequences with tokens of time",
  description:
    "`source` is a folder as the workers see it. docs/sequences.md explains every setting. While a build runs, the last one asked for waits for it.",
  method: "post",
  path: "/sequences/build",
  role: "operate",
  body: Input,
  takesIdempotencyKey: true,
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ body, queues, idempotencyKey }) {
    return accepted(
      await enqueue(queues, sequencesBuild, body, idempotencyKey ? { requestId: idempotencyKey } : {}),
    );
  },
});
