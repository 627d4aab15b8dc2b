import { z } from "zod";
import { SubjectToken } from "../../data/sequences/subject-token.ts";
import { defineRoute } from "../define-route.ts";
import { Problem } from "../problem.ts";

export const showSubject = defineRoute({
  summary: "The sequence of one subject, admission by admission",
  method: "get",
  path: "/sequences/subjects/{subject}",
  role: "read",
  params: z.strictObject({
    subject: z.coerce.number().int().min(0).max(2_147_483_647).describe("The `subject_id`"),
  }),
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(10_000).default(1_000).describe("Tokens of an admission"),
  }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ subject: z.int(), tokens: z.array(SubjectToken) }).meta({ id: "SubjectSequence" }),
  async handle({ params: { subject }, query: { limit }, lake }) {
    const { readSubject } = await import("../../data/sequences/read-subject.ts");
    const tokens = await readSubject(lake, { subject, limit });
    if (tokens.length === 0) throw new Problem("not-found", "The last build has no tokens of this subject.");
    return { subject, tokens };
  },
});
