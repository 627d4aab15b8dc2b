import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { stageSource } from "../../../data/sequences/import-source.ts";
import { builtSettings } from "../../../data/sequences/open-build.ts";
import { makeReport } from "../../../data/sequences/report.ts";
import { runChecks } from "../../../data/sequences/run-checks.ts";
import { Settings } from "../../../data/sequences/settings.ts";
import { findSources } from "../../../data/sequences/sources/find-sources.ts";
import { sequencesTable } from "../../../data/sequences/tables.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import type { Services } from "../../../workers/define-job.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { Input, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import { test } from "../../support/test.ts";

async function build(services: Services, input: Partial<Input> & { source: string }) {
  await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind });
  const { id } = await enqueue(services.queues, sequencesBuild, Input.parse(input));
  expect((await untilEnded(services.queues, id)).error).toBeNull();
}

async function generate(lake: Lake, source: string, patients = 12, labs = 600) {
  const connection = await (await lake.duckdb()).connect();
  await generateMimic(connection, source, { patients, labs, seed: 5, gzip: false, badRows: false });
  connection.closeSync();
}

async function violated(lake: Lake): Promise<string[]> {
  const results = await runChecks(lake, {});
  return results.filter(({ violations }) => (violations ?? 0) > 0).map(({ id }) => id);
}

describe("a reader of the tables", () => {
  test("refuses, by name, what is missing, written by somebody else or older than its input", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source);
    await expect(builtSettings(lake)).rejects.toThrow(/no finished build/);
    await build(services, { source });
    await builtSettings(lake);

    await sequencesTable(lake, "stg_labs").delete("true");
    await expect(builtSettings(lake)).rejects.toThrow(
      /sequences\.stg_labs was written by something else than a build/,
    );

    await build(services, { source });
    await builtSettings(lake);
    await sequencesTable(lake, "raw_prescriptions").delete("drug = 'Aspirin'");
    await expect(builtSettings(lake)).rejects.toThrow(
      /sequences\.raw_prescriptions was written by something else/,
    );

    await build(services, { source });
    await sequencesTable(lake, "events_merged").optimize();
    await builtSettings(lake);
    const file = (await findSources(source)).find(({ table }) => table.name === "diagnoses_icd");
    if (!file) throw new Error("no diagnoses");
    const { staged } = await stageSource(lake, {
      file,
      onBadRow: "fail",
      signal: new AbortController().signal,
    });
    await sequencesTable(lake, "raw_diagnoses_icd").replaceWithStaged([staged], {
      info: { recipe: "another" },
    });
    await expect(builtSettings(lake)).rejects.toThrow(
      /sequences\.stg_diagnoses is older than sequences\.raw_diagnoses_icd/,
    );

    await rm(join(dir, "lake/sequences/stg_admissions"), { recursive: true });
    await expect(builtSettings(lake)).rejects.toThrow(/sequences\.stg_admissions is missing/);
  });

  test("accepts a build that maps ICD-9 codes, and the next one that does not", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source);
    const icdMaps = { diagnoses: join(dir, "dx.txt"), procedures: join(dir, "px.txt") };
    await writeFile(icdMaps.diagnoses, "4019 I10 10000\n");
    await writeFile(icdMaps.procedures, "5491 0W9G3ZZ 10000\n");

    await build(services, { source, icdMaps, settings: Settings.parse({ icd: "icd10" }) });
    expect(await violated(lake)).toEqual([]);
    await build(services, { source });
    expect(await violated(lake)).toEqual([]);
  });
});

describe("a build", () => {
  test("keeps the rows of an unsorted source by subject, so that a range of them lies together", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source);
    await build(services, { source });

    const duckdb = await lake.duckdb();
    const stepsBack = async (rows: string) => {
      const [counted] = await duckdb.query(
        z.object({ n: z.bigint() }),
        `select count(*) as n from (select subject_id, lag(subject_id) over (order by file_row_number) as before from ${rows})
         where subject_id < before`,
      );
      return Number(counted?.n);
    };
    for (const name of ["labevents", "prescriptions", "admissions"]) {
      const csv = `(select subject_id, row_number() over () as file_row_number from read_csv('${source}/hosp/${name}.csv'))`;
      const kept = `read_parquet('${dir}/lake/sequences/raw_${name}/*.parquet', file_row_number = true)`;
      expect(await stepsBack(csv)).toBeGreaterThan(0);
      expect(await stepsBack(kept)).toBe(0);
    }
  });

  test("forgets the rows of a source that the next release does not have", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source);
    await build(services, { source });
    const first = await makeReport(lake);

    await rm(join(source, "hosp/patients.csv"));
    await build(services, { source });
    const second = await makeReport(lake);

    expect(first.tables.raw_patients?.rows_out).toBe(12);
    expect(second.tables.raw_patients?.rows_out).toBe(0);
    expect(first.absent_sources).toEqual(["d_icd_diagnoses"]);
    expect(second.absent_sources).toEqual(["patients", "d_icd_diagnoses"]);
    expect(second.subjects_excluded).toBeLessThan(first.subjects_excluded);
  });

  test("of files with headers alone has empty tables, and they can be checked", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source, 2, 10);
    for (const { path } of await findSources(source)) {
      await writeFile(path, `${(await readFile(path, "utf8")).split("\n")[0]}\n`);
    }

    await build(services, { source });

    expect(await violated(lake)).toEqual([]);
    expect((await makeReport(lake)).tables.tokens_final?.rows_out).toBe(0);
  });

  test("counts every row of a subject that nobody else knows, and of none", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source);
    const append = (file: string, text: string) => writeFile(join(source, "hosp", file), text, { flag: "a" });
    await append("diagnoses_icd.csv", "7,99,1,4019,9\n2000000000,98,1,4019,9\n,97,1,4019,9\n");
    await append("admissions.csv", ",96,2150-01-01 00:00:00,2150-01-02 00:00:00,,,,,,,,,,,,0\n");

    await build(services, { source, rowsPerRange: 200 });

    expect(await violated(lake)).toEqual([]);
    const { tables } = await makeReport(lake);
    expect(tables.events_merged?.dropped).toMatchObject({ unmatched_diagnosis: 3 });
    expect(tables.stg_admissions?.dropped).toEqual({ no_subject_id: 1 });
  });

  test("warns of a release whose codes have all lost their zeros, and of no other", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await generate(lake, source, 40);
    await build(services, { source });
    const warned = async () =>
      (await makeReport(lake)).warnings.filter((text) => text.includes("begins with 0"));
    expect(await warned()).toEqual([]);

    const path = join(source, "hosp/diagnoses_icd.csv");
    await writeFile(path, (await readFile(path, "utf8")).replaceAll(/,0+(\d+)( *),9$/gm, ",$1$2,9"));
    await build(services, { source });

    expect(await warned()).toHaveLength(1);
    expect(await violated(lake)).toEqual([]);
  });

  test("refuses two rows with one labevent_id, in every mode", async ({ dir, lake, services }) => {
    const source = join(dir, "mimic");
    await generate(lake, source);
    const path = join(source, "hosp/labevents.csv");
    const second = (await readFile(path, "utf8")).split("\n")[1];
    await writeFile(path, `${second}\n`, { flag: "a" });
    await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind });

    for (const onBadRow of ["fail", "skip"] as const) {
      const { id } = await enqueue(services.queues, sequencesBuild, Input.parse({ source, onBadRow }));
      expect((await untilEnded(services.queues, id)).error).toMatch(
        /labevents: 1 rows repeat a labevent_id that another row has/,
      );
    }
  });

  test("names stays that overlap, end before they begin or hold numbers that are none", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    await mkdir(source);
    const put = (name: string, text: string) => writeFile(join(source, `${name}.csv`), text);
    await put(
      "admissions",
      "subject_id,hadm_id,admittime,dischtime\n1,10,2150-01-01 00:00:00,2150-01-05 00:00:00\n1,11,2150-01-03 00:00:00,2150-01-06 00:00:00\n2,20,2150-01-03 00:00:00,2150-01-01 00:00:00\n",
    );
    await put(
      "diagnoses_icd",
      "subject_id,hadm_id,seq_num,icd_code,icd_version\n1,10,1,1.00E+05,9\n1,10,2, 401.9 ,9\n",
    );
    await put("procedures_icd", "subject_id,hadm_id,seq_num,chartdate,icd_code,icd_version\n");
    await put(
      "prescriptions",
      "subject_id,hadm_id,pharmacy_id,starttime,drug_type,drug\n1,10,5,1/2/2150 10:00,MAIN,Aspirin\n",
    );
    await put(
      "labevents",
      "labevent_id,subject_id,hadm_id,itemid,charttime,valuenum\n1,1,,5,2150-01-04 00:00:00,1\n2,2,20,5,2150-01-03 00:00:00,nan\n3,1,10,5,2150-01-02 00:00:00,2\n",
    );

    await build(services, { source });

    const report = await makeReport(lake);
    expect(report).toMatchObject({
      overlapping_admissions: 1,
      discharges_before_admission: 1,
      nonfinite_valuenum: 1,
      absent_sources: ["patients", "omr", "drgcodes", "d_labitems", "d_icd_diagnoses"],
      tables: {
        raw_prescriptions: {
          rejects: 1,
          reject_examples: [{ line: 2, reason: "starttime is no timestamp" }],
        },
        stg_diagnoses: { dropped: { invalid_code: 1 } },
        stg_labs: { dropped: { nonfinite_valuenum: 1 } },
      },
    });
    const sql = await (await sequencesTable(lake, "stg_labs").snapshot()).readSql();
    const rows = await (await lake.duckdb()).query(
      z.object({ src_id: z.number(), hadm_id: z.number() }),
      `select src_id, hadm_id from (${sql}) order by src_id`,
    );
    expect(rows).toEqual([
      { src_id: 1, hadm_id: 11 },
      { src_id: 3, hadm_id: 10 },
    ]);
    expect(await violated(lake)).toEqual([]);
  });
});
