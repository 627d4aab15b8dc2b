import { randomUUID } from "node:crypto";
import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import { Input, silverValidate } from "../../workers/silver-merge/silver-validate/job.ts";
import { defineRoute } from "../define-route.ts";
import { AcceptedJob, accepted } from "../schemas.ts";

export const validateSilver = defineRoute({
  summary: "Hold Silver against its rules",
  method: "post",
  path: "/validate",
  role: "operate",
  body: z.strictObject({ strict: Input.shape.strict }).meta({ id: "ValidateSilver" }),
  status: 202,
  reply: AcceptedJob,
  location: (job) => job.links.self,
  handle: async ({ body, queues }) =>
    accepted(await enqueue(queues, silverValidate, { run: randomUUID(), strict: body.strict })),
});
