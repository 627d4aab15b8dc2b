import { z } from "zod";
import { cohortSizes, ensureInventory } from "../../data/clinical/bronze/bronze-bundle.ts";
import { quarantinedBundles } from "../../data/clinical/summary.ts";
import { defineRoute } from "../define-route.ts";

export const listCohorts = defineRoute({
  summary: "The cohorts in Bronze",
  method: "get",
  path: "/cohorts",
  role: "read",
  withoutRedis: true,
  status: 200,
  reply: z
    .strictObject({
      cohorts: z.array(
        z.strictObject({ cohort: z.string(), files: z.int(), bytes: z.int(), quarantined: z.int() }),
      ),
    })
    .meta({ id: "Cohorts" }),
  async handle({ lake }) {
    await ensureInventory(lake);
    const aside = await quarantinedBundles(lake);
    const connection = await (await lake.duckdb()).connect();
    try {
      const cohorts = (await cohortSizes(connection, lake)).map((size) => ({
        ...size,
        quarantined: aside.filter(({ cohort }) => cohort === size.cohort).length,
      }));
      return { cohorts };
    } finally {
      connection.closeSync();
    }
  },
});
