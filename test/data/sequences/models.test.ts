import { tmpdir } from "node:os";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { modelNamed, models, parseModel } from "../../../data/sequences/model.ts";
import { Settings } from "../../../data/sequences/settings.ts";
import { prepare } from "../../../data/sequences/workspace.ts";
import { type DuckDB, openDuckDB } from "../../../data/sql/duckdb.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { loadSources, runModels, runTableChecks, standInForMissing } from "./pipeline.ts";

let duckdb: DuckDB;
let connection: DuckDBConnection;

beforeEach(async () => {
  duckdb ??= await openDuckDB({ memoryBytes: 1e9, threads: 2, tempDir: tmpdir() });
  connection = await duckdb.connect();
  await fixture(connection);
});
afterAll(() => duckdb[Symbol.dispose]());

/** Two subjects with three admissions: small enough to work out by hand. */
async function fixture(to: DuckDBConnection) {
  await standInForMissing(to, new Set());
  await to.run(`insert into raw_admissions (subject_id, hadm_id, admittime, dischtime) values
    (1, 100, '2150-01-01 10:00', '2150-01-05 12:00'), (1, 101, '2150-01-20 08:00', '2150-01-21 08:00'),
    (2, 200, '2151-03-01 00:00', '2151-03-02 00:00')`);
  await to.run(`insert into raw_diagnoses_icd values
    (1, 100, 1, '4019', 9), (1, 100, 2, '0040', 9), (1, 101, 1, 'I10', 10)`);
  await to.run(`insert into raw_procedures_icd values
    (1, 100, 1, '2150-01-01', '5491', 9), (1, 100, 2, '2150-01-02', '0DB64Z3', 10)`);
  await to.run(`insert into raw_prescriptions values
    (1, 100, 11, '2150-01-01 12:00', 'MAIN', 'Aspirin'), (1, 100, 12, '2150-01-01 12:00', 'MAIN', 'Aspirin'),
    (1, 100, 13, null, 'MAIN', 'Lorazepam'), (1, 101, 14, '2150-01-20 07:00', 'MAIN', 'Heparin ')`);
  await to.run(`insert into raw_labevents (labevent_id, subject_id, hadm_id, itemid, charttime, valuenum) values
    (1, 1, 100, 50912, '2150-01-01 10:30', 1), (2, 1, null, 50912, '2150-01-01 06:00', 5),
    (3, 1, null, 50912, '2150-01-03 00:00', 10), (4, 1, null, 50912, '2150-01-10 09:00', 2),
    (5, 1, 100, 50912, '2150-01-02 06:00', null), (6, 1, 100, 50912, '2150-01-02 00:00', 3),
    (7, 1, 101, 50912, '2150-01-20 09:00', 4), (8, 2, 200, 50912, '2151-03-01 00:00', 6),
    (9, 2, null, 50912, '2151-02-28 00:00', 7), (10, 2, null, 50912, '2151-02-27 23:59', 8),
    (11, 2, 200, 50912, '2151-03-08 00:00', 9)`);
  await to.run(
    "create or replace temp view imports as select '' as source, 0 as rows, 0 as rejects where false",
  );
}

/** The second measurement of the body mass index is of a day after the first stay began. */
async function groupsAndMeasurements() {
  await connection.run(`insert into raw_omr values
      (1, '2149-12-01', 1, 'BMI (kg/m2)', '27.5'), (1, '2149-12-01', 2, 'Weight (Lbs)', '170'),
      (1, '2150-01-02', 1, 'BMI (kg/m2)', '50'), (3, '2150-01-01', 1, 'BMI (kg/m2)', '___');
    insert into raw_omr select 3, '2150-01-02', n, 'BMI (kg/m2)', n::varchar from range(20, 30) t(n);
    insert into raw_drgcodes (subject_id, hadm_id, drg_type, drg_code) values (1, 100, 'HCFA', '057'), (1, 100, 'APR', '720')`);
}

async function rows(sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJson();
}

async function tokens(hadm: number, settings: Partial<Settings> = {}): Promise<string[]> {
  await runModels(connection, settings);
  const found = await rows(`select code from tokens_final where hadm_id = ${hadm} order by final_seq`);
  return found.map(([code]) => String(code));
}

describe("the models", () => {
  test("give the events of the worked example their order, offsets and phases", async () => {
    await runModels(connection);

    const events = await rows(
      "select hadm_id, final_seq, code, time_offset_hours from tokens_final order by hadm_id, final_seq",
    );
    expect(events).toEqual([
      [100, 1, "TIME_PRE", -0.001],
      [100, 2, "DX:4019", -0.001],
      [100, 3, "DX:0040", -0.001],
      [100, 4, "PR:5491", -10],
      [100, 5, "LAB:50912_Q5", -4],
      [100, 6, "TIME_0-1H", 0.5],
      [100, 7, "LAB:50912_Q1", 0.5],
      [100, 8, "TIME_1-6H", 2],
      [100, 9, "MED:Aspirin", 2],
      [100, 10, "MED:Aspirin", 2],
      [100, 11, "TIME_6-24H", 14],
      [100, 12, "PR:0DB64Z3", 14],
      [100, 13, "LAB:50912_Q3", 14],
      [100, 14, "TIME_1-3D", 38],
      [100, 15, "LAB:50912_Q10", 38],
      [101, 1, "TIME_PRE", -0.001],
      [101, 2, "DX:I10", -0.001],
      [101, 3, "MED:Heparin", -1],
      [101, 4, "TIME_1-6H", 1],
      [101, 5, "LAB:50912_Q4", 1],
      [200, 1, "TIME_PRE", -24],
      [200, 2, "LAB:50912_Q7", -24],
      [200, 3, "TIME_0-1H", 0],
      [200, 4, "LAB:50912_Q6", 0],
      [200, 5, "TIME_7D+", 168],
      [200, 6, "LAB:50912_Q9", 168],
    ]);
  });

  test("take the deciles, the sources of the labs and the days between admissions as worked out by hand", async () => {
    await runModels(connection);

    expect(await rows("select q1, q2, q3, q4, q5, q6, q7, q8, q9 from lab_quantiles")).toEqual([
      [1.9, 2.8, 3.7, 4.6, 5.5, 6.4, 7.3, 8.2, 9.1],
    ]);
    expect(
      await rows(
        "select src_id, hadm_id, hadm_source from stg_labs where hadm_source <> 'recorded' order by 1",
      ),
    ).toEqual([
      [2, 100, "pre_24h"],
      [3, 100, "in_stay"],
      [9, 200, "pre_24h"],
    ]);
    expect(await rows("select hadm_id, days_since_prior from stg_admissions order by 1")).toEqual([
      [100, null],
      [101, 19],
      [200, null],
    ]);
  });

  test("count what they leave out by its first reason", async () => {
    await runModels(connection);

    expect(await rows("from drops order by all")).toEqual([
      ["stg_labs", "no_admission", "2"],
      ["stg_labs", "no_value", "1"],
      ["stg_medications", "no_starttime", "1"],
    ]);
  });

  test("pass their own checks", async () => {
    await runModels(connection);

    const violations = Object.entries(await runTableChecks(connection)).filter(([, count]) => count > 0);
    expect(violations).toEqual([]);
  });

  test("sample the same rows as any other reader of the hash", async () => {
    await runModels(connection);

    expect(await rows("select id_hash(1), id_hash(2), id_hash(158374764)")).toEqual([
      ["1364076727", "821347078", "1973610931"],
    ]);
  });

  test("keep neighbouring equal values exactly equal between deciles", async () => {
    await runModels(connection);

    expect(
      await rows(
        "select decile(24.000000000000004, 3, 3, k) = 24.000000000000004 from range(1, 10) t(k) group by k",
      ),
    ).toEqual(Array.from({ length: 9 }, () => [true]));
  });

  test("take the deciles that sorting all values gives, of few and of many, with and without a sample", async () => {
    await prepare(connection, Settings.parse({}));
    await connection.run(`delete from raw_labevents;
      insert into raw_labevents (labevent_id, subject_id, hadm_id, itemid, charttime, valuenum)
        select n, 1, 100, 7, '2150-01-01 10:30', round(exp((id_hash(n) % 1000) / 150.0), 1) from range(20000) t(n);
      insert into raw_labevents (labevent_id, subject_id, hadm_id, itemid, charttime, valuenum)
        select 20000 + n, 1, 100, 8, '2150-01-01 10:30', (id_hash(n) % 7) / 3.0 - 1 from range(40) t(n)`);

    for (const quantile_sample of [0.1, 1]) {
      await runModels(connection, { quantile_sample });

      const byCounts = await rows(
        "select itemid, [q1, q2, q3, q4, q5, q6, q7, q8, q9] from lab_quantiles order by all",
      );
      const bySorting = await rows(`select itemid, list_transform(range(1, 10), lambda k:
            interpolate(v[(len(v) - 1) * k // 10 + 1], v[(len(v) - 1) * k // 10 + 2], (len(v) - 1) * k % 10))
          from (select itemid, list_sort(list(valuenum)) as v from raw_labevents
            where itemid = 8 or sampled(labevent_id) group by itemid) order by all`);
      expect(byCounts).toEqual(bySorting);
    }
  });
});

describe("the order of rows", () => {
  const invented = { patients: 400, labs: 30_000, seed: 11, badRows: false, gzip: false };

  test("is the one that the head of each model says, and the numbers are those of sorted parts", async () => {
    const dir = await temporaryFolder();
    await generateMimic(connection, dir, invented);
    await connection.run("drop view imports");
    await loadSources(connection, dir);
    await runModels(connection, { special_tokens: "ethos" });

    for (const { name, orderBy } of models) {
      const [misplaced] = await rows(
        `select count(*) from (
           select n, row_number() over (order by ${orderBy}, n) as place from (select *, row_number() over () as n from ${name})
         ) where n <> place`,
      );
      expect([name, Number(misplaced?.[0])]).toEqual([name, 0]);
    }
    const numbered = {
      stg_labs: ["seq_num", "subject_id, hadm_id", "event_time, src_id"],
      events_merged: [
        "event_seq",
        "hadm_id",
        "time_offset_hours <> -0.001, time_offset_hours, code_type <> 'procedure', code_type <> 'medication', coalesce(src_id, seq_num), code, seq_num",
      ],
    };
    for (const [name, [number, part, order]] of Object.entries(numbered)) {
      expect(
        await rows(
          `select count(*) from (select ${number} as n, row_number() over (partition by ${part} order by ${order}) as place from ${name}) where n <> place`,
        ),
      ).toEqual([["0"]]);
    }
  });

  test("is what a window without an order reads, for DuckDB streams it", async () => {
    // The few different drugs are put in order by a window that sorts.
    const sorting = new Map([["stg_medications", 1]]);
    await runModels(connection);

    for (const { name, sql } of models) {
      if (!sql.includes("changes(")) continue;
      const [plan] = await rows(`explain ${sql}`);
      const operators = String(plan?.[1]);
      expect([
        name,
        operators.includes("STREAMING_WINDOW"),
        operators.match(/ WINDOW /g)?.length ?? 0,
      ]).toEqual([name, true, sorting.get(name) ?? 0]);
    }
  });
});

describe("the deciles", () => {
  const rowsOfOneItem = `create temp view raw_labevents as
    select n as labevent_id, 1 as subject_id, 1 as hadm_id, 7 as itemid, sin(n) as valuenum from range(1_000_000) t(n)`;

  async function tightly<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    using small = await openDuckDB({ memoryBytes: 40 * 2 ** 20, threads: 1, tempDir: tmpdir() });
    const own = await small.connect();
    try {
      await prepare(own, Settings.parse({ quantile_sample: 1 }));
      await own.run(rowsOfOneItem);
      await own.run("create temp table top_200_labs as select 7 as itemid");
      return await work(own);
    } finally {
      own.closeSync();
    }
  }

  test("are found in less memory than all the different values would take", async () => {
    const found = await tightly((own) => own.runAndReadAll(modelNamed("lab_quantiles").sql));

    expect(found.getRowObjectsJson()[0]).toMatchObject({ n_used: "1000000", q5: expect.closeTo(0, 2) });
  });

  test("would not be found by sorting lists of them", async () => {
    const lists = "select itemid, list_sort(list(valuenum)) as v from raw_labevents group by itemid";

    await expect(tightly((own) => own.runAndReadAll(lists))).rejects.toThrow(/Out of Memory/);
  });
});

describe("the settings", () => {
  test("order strict_time puts diagnoses behind what came before them", async () => {
    expect((await tokens(100, { event_order: "strict_time" })).slice(0, 5)).toEqual([
      "TIME_PRE",
      "PR:5491",
      "LAB:50912_Q5",
      "DX:4019",
      "DX:0040",
    ]);
  });

  test("dx_position discharge puts diagnoses where they are known", async () => {
    expect((await tokens(101, { dx_position: "discharge" })).at(-1)).toBe("DX:I10");
  });

  test("proc_time clamp keeps procedures from standing before admission", async () => {
    await runModels(connection, { proc_time: "clamp" });
    expect(
      await rows("select time_offset_hours, event_time from events_merged where code = 'PR:5491'"),
    ).toEqual([[0.001, "2150-01-01 00:00:00"]]);
  });

  test("med_null_time first keeps a prescription without a start", async () => {
    expect(await tokens(100, { med_null_time: "first" })).toContain("MED:Lorazepam");
  });

  test("lab_null token keeps a lab without a number", async () => {
    expect(await tokens(100, { lab_null: "token" })).toContain("LAB:50912_NULL");
  });

  test("backfill pre24h leaves labs taken in a stay without an admission", async () => {
    expect(await tokens(100, { backfill: "pre24h" })).not.toContain("LAB:50912_Q10");
  });

  test("icd versioned tells the two vocabularies apart", async () => {
    expect(await tokens(101, { icd: "versioned" })).toContain("DX:10:I10");
  });

  test("lab_min_offset_hours drops recorded labs that lie before it, under a reason of their own", async () => {
    await connection.run("update raw_labevents set charttime = '2149-12-25' where labevent_id = 1");
    await runModels(connection, { lab_min_offset_hours: -24 });

    expect(await rows("from drops where model = 'stg_labs' order by all")).toEqual([
      ["stg_labs", "before_min_offset", "1"],
      ["stg_labs", "no_admission", "2"],
      ["stg_labs", "no_value", "1"],
    ]);
    expect((await runTableChecks(connection)).A22).toBe(0);
  });

  test("scheme none adds nothing, and the gap schemes add a token for each gap of five minutes or more", async () => {
    expect(await tokens(200, { scheme: "none" })).toEqual(["LAB:50912_Q7", "LAB:50912_Q6", "LAB:50912_Q9"]);
    expect(await tokens(200, { scheme: "ethos_ares" })).toEqual([
      "LAB:50912_Q7",
      "1d-2d",
      "LAB:50912_Q6",
      "7d-12d",
      "LAB:50912_Q9",
    ]);
    expect(await tokens(101, { scheme: "cehr" })).toEqual(["W2", "DX:I10", "MED:Heparin", "LAB:50912_Q4"]);
  });

  test("a gap of 450 days counts as three half years, halves rounded up", async () => {
    await runModels(connection, { scheme: "ethos_ares" });
    expect(
      await rows(
        "select time_tokens(0, 0, days_us(450), null), time_tokens(0, 0, days_us(449), null), time_tokens(0, 0, -1, null)",
      ),
    ).toEqual([[["=6mt", "=6mt", "=6mt"], ["=6mt", "=6mt"], []]]);
  });
});

describe("special tokens", () => {
  test("stand where their time is, and what holds of the subject as such stands before everything", async () => {
    await connection.run(
      `update raw_admissions set deathtime = dischtime, discharge_location = 'DIED', insurance = 'Other' where hadm_id = 101;
       insert into raw_patients values (1, 'F', 67, 2150, null, '2150-01-21')`,
    );

    expect(await tokens(100, { special_tokens: "ethos" })).toEqual([
      ...["AGE//Q7", "AGE//Q8", "GENDER//F", "MARITAL//UNKNOWN", "RACE//UNKNOWN"],
      ...["TIME_PRE", "DX:4019", "DX:0040", "PR:5491", "LAB:50912_Q5"],
      ...["TIME_0-1H", "HOSPITAL_ADMISSION", "ADMISSION_TYPE//UNKNOWN", "INSURANCE//UNKNOWN", "LAB:50912_Q1"],
      ...["TIME_1-6H", "MED:Aspirin", "MED:Aspirin", "TIME_6-24H", "PR:0DB64Z3", "LAB:50912_Q3"],
      ...["TIME_1-3D", "LAB:50912_Q10", "TIME_3-7D", "HOSPITAL_DISCHARGE", "DISCHARGE_LOCATION//UNKNOWN"],
    ]);
    expect((await tokens(101, { special_tokens: "ethos" })).slice(-5)).toEqual([
      "TIME_1-3D",
      "MEDS_DEATH",
      "HOSPITAL_DISCHARGE",
      "DISCHARGE_LOCATION//DIED",
      "TIMELINE_END",
    ]);
  });

  test("put a death after the last stay behind it", async () => {
    await connection.run("insert into raw_patients values (2, 'M', 40, 2151, null, '2151-06-01')");

    expect((await tokens(200, { special_tokens: "ethos" })).slice(-2)).toEqual([
      "MEDS_DEATH",
      "TIMELINE_END",
    ]);
  });

  test("tell the body mass index known by a subject's first stay and the group of each stay, where a release has them", async () => {
    await groupsAndMeasurements();

    const first = await tokens(100, { special_tokens: "ethos" });
    expect(first.slice(3, 6)).toEqual(["MARITAL//UNKNOWN", "RACE//UNKNOWN", "BMI//Q8"]);
    expect(first.slice(-3)).toEqual(["HOSPITAL_DISCHARGE", "DISCHARGE_LOCATION//UNKNOWN", "DRG//57"]);
    const second = await tokens(101, { special_tokens: "ethos" });
    expect(second.slice(-2)).toEqual(["DRG//UNKNOWN", "TIMELINE_END"]);
    expect(second.filter((code) => code.startsWith("BMI"))).toEqual([]);
    expect(await tokens(200, { special_tokens: "ethos" })).toContain("BMI//UNKNOWN");
    expect(await rows("from drops where model in ('bmi_quantiles', 'drg_groups') order by all")).toEqual([
      ["bmi_quantiles", "no_bmi", "1"],
      ["bmi_quantiles", "no_number", "1"],
      ["drg_groups", "another_type", "1"],
    ]);
  });

  test.each([
    "update tokens_final set code = 'DRG//UNKNOWN' where code = 'DRG//57'",
    "update tokens_final set code = 'BMI//Q9' where code = 'BMI//Q8'",
    "delete from tokens_final where code = 'BMI//UNKNOWN'",
  ])("are held by A51, which sees: %s", async (damage) => {
    await groupsAndMeasurements();
    await runModels(connection, { special_tokens: "ethos" });
    expect((await runTableChecks(connection)).A51).toBe(0);
    await connection.run(damage);

    expect((await runTableChecks(connection)).A51).toBeGreaterThan(0);
  });

  test.each(["admission_bins", "ethos_ares", "cehr"] as const)(
    "leave every check as it was, with the scheme %s",
    async (scheme) => {
      await runModels(connection, { special_tokens: "ethos", scheme });

      const violated = Object.entries(await runTableChecks(connection)).filter(([, count]) => count > 0);
      expect(violated).toEqual([]);
    },
  );
});

describe("a check", () => {
  const damages: readonly [string, string][] = [
    ["A5", "delete from top_200_labs"],
    ["A8", "update lab_quantiles set q1 = 100"],
    ["A10", "update lab_quantiles set q5 = 5.6"],
    ["A12", "update stg_admissions set visit_seq = visit_seq + 1"],
    ["A13", "update stg_admissions set days_since_prior = 18 where visit_seq = 2"],
    ["A15", "delete from stg_diagnoses where seq_num = 2"],
    ["A16", "update stg_diagnoses set code = 'DX:401.9' where seq_num = 1"],
    ["A18", "delete from stg_medications where src_id = 12"],
    ["A20", "update stg_labs set code = 'LAB:50912_Q2' where src_id = 7"],
    ["A21", "insert into stg_labs from stg_labs where src_id = 7"],
    ["A22", "delete from stg_labs where src_id = 7"],
    ["A23", "update stg_labs set event_time = '2150-01-08' where src_id = 3"],
    ["A24", "update stg_labs set event_time = '2150-12-08' where src_id = 9"],
    ["A25", "delete from stg_labs where src_id = 3"],
    ["A27", "delete from events_merged where code = 'DX:I10'"],
    ["A28", "update events_merged set event_seq = 9 where event_seq = 3 and hadm_id = 200"],
    ["A29", "update events_merged set time_offset_hours = 0 where code = 'DX:I10'"],
    ["A31", "update events_merged set time_offset_hours = 99 where hadm_id = 200 and event_seq = 1"],
    ["A32", "update events_merged set time_offset_hours = -1.5 where code = 'MED:Heparin'"],
    ["A34", "update events_merged set visit_seq = 7 where hadm_id = 200 and event_seq = 1"],
    ["A38", "update tokens_final set code = 'LAB:50912_Q8' where code = 'LAB:50912_Q9'"],
    ["A39", "delete from tokens_final where hadm_id = 100 and final_seq = 8"],
    ["A40", "delete from tokens_final where hadm_id = 200 and final_seq = 1"],
    ["A41", "update tokens_final set code = 'TIME_7D+' where hadm_id = 100 and final_seq = 8"],
  ];

  test.each(damages)("%s sees: %s", async (id, damage) => {
    await runModels(connection);
    await connection.run(damage);

    expect((await runTableChecks(connection))[id]).toBeGreaterThan(0);
  });
});

describe("a model file", () => {
  test("must say what it makes, from what and in which order", () => {
    expect(() => parseModel("a.sql", "-- a: something\nselect 1")).toThrow(/-- from/);
    expect(() => parseModel("b.sql", "-- a: something\n-- from: raw\n-- order: x\nselect 1")).toThrow(
      /b\.sql/,
    );
  });

  test("comes after those it is made from", () => {
    const names = models.map((model) => model.name);
    for (const model of models) {
      for (const input of model.from.filter((name) => names.includes(name))) {
        expect(names.indexOf(input)).toBeLessThan(names.indexOf(model.name));
      }
    }
  });
});
