import { z } from "zod";
import { defineRoute } from "../define-route.ts";

export const checkSequences = defineRoute({
  summary: "Hold the tables of the last build against every assertion",
  description:
    "A check with `violations` null had nothing to look at here: what needs the source files or an export is for `millrace sequences check`.",
  method: "get",
  path: "/sequences/check",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: z
    .strictObject({
      passed: z.int(),
      failed: z.int(),
      checks: z.array(
        z.strictObject({
          id: z.string(),
          says: z.string(),
          violations: z.int().nullable(),
          reason: z.string().optional().describe("Why it was not looked at"),
        }),
      ),
    })
    .meta({ id: "SequenceChecks" }),
  async handle({ lake, signal }) {
    const { runChecks } = await import("../../data/sequences/run-checks.ts");
    const checks = await runChecks(lake, { signal });
    const looked = checks.filter(({ violations }) => violations !== null);
    const failed = looked.filter(({ violations }) => violations !== 0).length;
    return { passed: looked.length - failed, failed, checks };
  },
});
