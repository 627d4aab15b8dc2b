import { describe, expect } from "vitest";
import type { z } from "zod";
import { ensureSilver } from "../../../data/clinical/silver/read-silver.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import type { Services } from "../../../workers/define-job.ts";
import { goldBuild, Input } from "../../../workers/gold-build/gold-build/job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { test } from "../../support/test.ts";

async function build(services: Services, input: z.input<typeof Input>) {
  await using _pool = await startPool(services, { pools: ["gold-build"], jobOf: jobOfKind, concurrency: 1 });
  const { id } = await enqueue(services.queues, goldBuild, Input.parse(input));
  return await untilEnded(services.queues, id);
}

describe("a build whose gates fail", () => {
  test("ends well and tells how many", async ({ services }) => {
    const { error, output } = await build(services, {});
    expect(error).toBeNull();
    expect(output).toMatchObject({ rows: 0, gatesFailed: 1 });
  });

  test("fails when it is strict, and names them", async ({ services }) => {
    const { error } = await build(services, { strict: true });
    expect(JSON.stringify(error)).toContain("gold_not_empty");
  });

  test("passes strictly with one visit", async ({ lake, services }) => {
    await ensureSilver(lake);
    const encounter = lake.table("silver.encounter");
    await encounter.append({ sql: "select 'v' as encounter_id, 'p' as patient_id" });
    const { error, output } = await build(services, { strict: true, full: true });
    expect(error).toBeNull();
    expect(output).toMatchObject({ mode: "full", rows: 1, inserted: 1, gatesFailed: 0 });
  });
});
