import { z } from "zod";
import { quarantinedBundles } from "../../data/clinical/summary.ts";
import { ref } from "../../data/redact.ts";
import { defineRoute } from "../define-route.ts";

export const listQuarantine = defineRoute({
  summary: "Bundles that could not be read",
  method: "get",
  path: "/quarantine",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: z
    .strictObject({
      bundles: z.array(
        z.strictObject({
          ref: z.string().describe("Stands for the file name, which may be a person's"),
          cohort: z.string(),
          reason: z.string(),
        }),
      ),
    })
    .meta({ id: "Quarantine" }),
  async handle({ lake }) {
    const found = await quarantinedBundles(lake);
    return { bundles: found.map(({ name, cohort, reason }) => ({ ref: ref(name), cohort, reason })) };
  },
});
