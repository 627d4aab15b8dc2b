import { z } from "zod";
import { forgetParsed } from "../../data/clinical/bronze/parsed-bundle.ts";
import { quarantinedBundles } from "../../data/clinical/summary.ts";
import { ref } from "../../data/redact.ts";
import { defineRoute } from "../define-route.ts";

export const retryQuarantine = defineRoute({
  summary: "Let the next refresh read bundles in quarantine again",
  method: "post",
  path: "/quarantine/retry",
  role: "operate",
  body: z
    .strictObject({ refs: z.array(z.string()).max(1_000).optional().describe("Unset: all of them") })
    .meta({ id: "RetryQuarantine" }),
  withoutRedis: true,
  status: 200,
  reply: z.strictObject({ retried: z.int() }).meta({ id: "RetriedQuarantine" }),
  async handle({ body, lake }) {
    const wanted = body.refs && new Set(body.refs);
    const chosen = (await quarantinedBundles(lake)).filter(({ name }) => !wanted || wanted.has(ref(name)));
    await forgetParsed(lake, chosen);
    return { retried: chosen.length };
  },
});
