import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import type { AnyJob } from "../../workers/define-job.ts";
import { defineRoute } from "../define-route.ts";
import { gatherEnqueue } from "../gather-enqueue.ts";
import { Problem } from "../problem.ts";
import { AcceptedJob, accepted } from "../schemas.ts";
import { invalid, wrongFields } from "../validate.ts";

export const enqueueJob = defineRoute({
  summary: "Ask for work",
  method: "post",
  path: "/jobs/{kind}",
  role: "operate",
  params: z.strictObject({ kind: z.string() }),
  body: z.unknown(),
  perKind: true,
  takesIdempotencyKey: true,
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  async handle({ params, body, queues, kinds, idempotencyKey }) {
    const job = kindNamed(kinds, params.kind);
    try {
      if (idempotencyKey === undefined) return accepted(await gatherEnqueue(queues, job, body));
      return accepted(await enqueue(queues, job, body, { requestId: idempotencyKey }));
    } catch (error) {
      throw error instanceof z.ZodError ? invalid(wrongFields("body", error)) : error;
    }
  },
});

function kindNamed(kinds: ReadonlyMap<string, AnyJob>, name: string): AnyJob {
  const job = kinds.get(name);
  if (job) return job;
  throw new Problem(
    "unknown-kind",
    `There is no kind ${name.slice(0, 100)}; there are ${[...kinds.keys()].join(", ")}.`,
  );
}
