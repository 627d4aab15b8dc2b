import { z } from "zod";
import { DeadLetter, showDeadLetter as show } from "../../queues/dead-letters.ts";
import { defineRoute } from "../define-route.ts";
import { JobId } from "../schemas.ts";

export const showDeadLetter = defineRoute({
  summary: "One piece of failed work: its input, its error, the last lines of its log",
  method: "get",
  path: "/dead-letters/{id}",
  role: "read",
  params: z.strictObject({ id: JobId }),
  withoutRedis: true,
  status: 200,
  reply: DeadLetter,
  handle: ({ params, queues }) => show(queues, params.id),
});
