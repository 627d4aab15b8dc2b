import { z } from "zod";
import { readLog as read } from "../../queues/jobs.ts";
import { defineRoute } from "../define-route.ts";
import { JobId } from "../schemas.ts";

export const readLog = defineRoute({
  summary: "The last lines of a job's own log, oldest first",
  method: "get",
  path: "/jobs/{id}/log",
  role: "read",
  params: z.strictObject({ id: JobId }),
  status: 200,
  reply: z.strictObject({ lines: z.array(z.string()) }).meta({ id: "JobLog" }),
  async handle({ params, queues }) {
    return { lines: await read(queues, params.id) };
  },
});
