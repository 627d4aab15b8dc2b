import { z } from "zod";
import { DeadLetter, purgeDeadLetter as purge, showDeadLetter } from "../../queues/dead-letters.ts";
import { defineRoute } from "../define-route.ts";
import { JobId } from "../schemas.ts";

export const purgeDeadLetter = defineRoute({
  summary: "Drop failed work without running it; the reply is the last that is seen of it",
  method: "delete",
  path: "/dead-letters/{id}",
  role: "admin",
  params: z.strictObject({ id: JobId }),
  withoutRedis: true,
  status: 200,
  reply: DeadLetter,
  async handle({ params, queues }) {
    const letter = await showDeadLetter(queues, params.id);
    await purge(queues, params.id);
    return letter;
  },
});
