import { z } from "zod";
import { DeadLetter, pageOfDeadLetters } from "../../queues/dead-letters.ts";
import { defineRoute } from "../define-route.ts";
import { Page, PoolNameParam } from "../schemas.ts";

export const listDeadLetters = defineRoute({
  summary: "Work that has failed for good, oldest first",
  method: "get",
  path: "/dead-letters",
  role: "read",
  query: z.strictObject({
    pool: PoolNameParam.optional(),
    kind: z.string().optional().describe("Only letters of this kind of job"),
    ...Page,
  }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ deadLetters: z.array(DeadLetter), total: z.int() }).meta({ id: "DeadLetters" }),
  async handle({ query, queues }) {
    const { letters, total } = await pageOfDeadLetters(queues, query);
    return { deadLetters: letters, total };
  },
});
