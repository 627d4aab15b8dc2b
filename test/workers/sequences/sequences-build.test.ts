import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { Settings } from "../../../data/sequences/settings.ts";
import { lastSteps } from "../../../data/sequences/steps.ts";
import { sequencesTable } from "../../../data/sequences/tables.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import type { Services } from "../../../workers/define-job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { Input, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import { test } from "../../support/test.ts";

/** The rows of a table as one number that knows no order. */
async function fingerprint(lake: Lake, name: string, columns: string): Promise<string> {
  const snapshot = await sequencesTable(lake, name).snapshot();
  const duckdb = await lake.duckdb();
  const [row] = await duckdb.query(
    z.object({ print: z.string() }),
    `select count(*) || ':' || bit_xor(hash(${columns})) as print from (${await snapshot.readSql()})`,
  );
  return row?.print ?? "";
}

async function build(services: Services, input: Partial<Input> & { source: string }) {
  const { id } = await enqueue(services.queues, sequencesBuild, Input.parse(input));
  return untilEnded(services.queues, id);
}

async function generate(
  lake: Lake,
  dir: string,
  options: { patients: number; labs: number; gzip?: boolean; badRows?: boolean },
) {
  const connection = await (await lake.duckdb()).connect();
  await generateMimic(connection, dir, { seed: 7, gzip: false, badRows: false, ...options });
  connection.closeSync();
}

describe("sequences-build", () => {
  test("makes the same tokens for any number of ranges, from plain and gzipped files, and nothing the second time", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source, { patients: 60, labs: 6_000, badRows: true });
    await generate(lake, join(dir, "gz"), { patients: 60, labs: 6_000, gzip: true });
    await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind, concurrency: 2 });
    const print = () =>
      fingerprint(lake, "tokens_final", "subject_id, hadm_id, final_seq, code, time_offset_hours");

    const first = await build(services, { source });
    expect(first.error).toBeNull();
    const whole = await print();
    const version = (await sequencesTable(lake, "tokens_final").snapshot()).version;

    await build(services, { source });
    expect((await sequencesTable(lake, "tokens_final").snapshot()).version).toBe(version);

    await build(services, { source: join(dir, "gz"), rowsPerRange: 1_000 });
    expect(await print()).toBe(whole);
    expect((await sequencesTable(lake, "tokens_final").snapshot()).version).toBeGreaterThan(version);
  });

  test("makes only what a changed setting reaches", async ({ dir, lake, services }) => {
    const source = join(dir, "mimic");
    await generate(lake, source, { patients: 20, labs: 1_000 });
    await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind });
    await build(services, { source });
    const versionOf = async (name: string) => (await sequencesTable(lake, name).snapshot()).version;
    const before = await Promise.all(["events_merged", "tokens_final"].map(versionOf));

    await build(services, { source, settings: { ...Input.parse({ source }).settings, scheme: "none" } });

    const after = await Promise.all(["events_merged", "tokens_final"].map(versionOf));
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe((before[1] ?? 0) + 1);
  });

  test("maps ICD-9 codes to the shortest, then first, of their ICD-10 codes, and counts those without one", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source, { patients: 20, labs: 1_000 });
    const icdMaps = { diagnoses: join(dir, "dx.txt"), procedures: join(dir, "px.txt") };
    await writeFile(
      icdMaps.diagnoses,
      "4019  I10   10000\n0040  A0223 10000\n0040  A020  10000\n0040  A010  10000\n25000 NoDx  11000\n",
    );
    await writeFile(icdMaps.procedures, "5491  0W9G3ZZ 10000\n0066 NoPCS 11000\n");
    await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind });

    const ended = await build(services, { source, icdMaps, settings: Settings.parse({ icd: "icd10" }) });

    expect(ended.error).toBeNull();
    const codes = await (await lake.duckdb()).query(
      z.object({ code: z.string() }),
      `select distinct code from (${await (await sequencesTable(lake, "stg_diagnoses").snapshot()).readSql()}) where icd_version = 9 order by code`,
    );
    expect(codes.map(({ code }) => code)).toEqual(["DX:A010", "DX:I10"]);
    expect((await lastSteps(lake)).get("stg_diagnoses")?.dropped.unmapped).toBeGreaterThan(0);
  });

  test("names every missing table and where access is requested", async ({ dir, services }) => {
    await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind });

    const failed = await build(services, { source: dir });

    expect(failed.state).toBe("failed");
    expect(failed.error).toMatch(/admissions\.csv, diagnoses_icd\.csv, .*labevents\.csv.*physionet\.org/);
  });
});
