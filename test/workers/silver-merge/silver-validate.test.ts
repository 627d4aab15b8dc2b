import { expect } from "vitest";
import type { z } from "zod";
import { ensureSilver } from "../../../data/clinical/silver/read-silver.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import type { Services } from "../../../workers/define-job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { Input, silverValidate } from "../../../workers/silver-merge/silver-validate/job.ts";
import { test } from "../../support/test.ts";

async function validate(services: Services, input: z.input<typeof Input>) {
  await using _pool = await startPool(services, {
    pools: ["silver-merge"],
    jobOf: jobOfKind,
    concurrency: 1,
  });
  const { id } = await enqueue(services.queues, silverValidate, Input.parse(input));
  return await untilEnded(services.queues, id);
}

test("a rule that fails is counted, and fails the job only when it is strict", async ({ lake, services }) => {
  await ensureSilver(lake);
  expect((await validate(services, { run: "1", strict: true })).error).toBeNull();

  await lake.table("silver.condition").append({
    sql: "select 'c' as condition_id, 'nobody' as patient_id, '' as encounter_id, '1' as code",
  });
  expect(await validate(services, { run: "2" })).toMatchObject({
    error: null,
    output: { tables: 10, failed: 1 },
  });
  const strict = await validate(services, { run: "3", strict: true });
  expect(JSON.stringify(strict.error)).toContain("silver.condition");
  expect(JSON.stringify(strict.error)).not.toContain("nobody");
});
