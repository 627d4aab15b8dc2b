import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { exportTokens } from "../../../data/sequences/exports/tokens.ts";
import { test } from "../../support/test.ts";

const SUBJECTS = 2_200;

test("the hive layout has one folder and one file for each of thousands of subjects", async ({
  dir,
  lake,
}) => {
  const connection = await (await lake.duckdb()).connect();
  await connection.run(`create temp table tokens_final as
    select s as subject_id, s as hadm_id, 1 as visit_seq, null::integer as days_since_prior, 'LAB:1_Q' || n as code, 'lab' as code_type,
      timestamp '2150-01-01 00:00:00' as event_time, 0.0::double as time_offset_hours, n as final_seq
    from range(${SUBJECTS}) a(s), range(1, 200 + s % 7) b(n) order by hash(s, n)`);

  const { shards, rows } = await exportTokens(connection, {
    out: dir,
    scheme: "none",
    layout: "hive",
    rowsPerShard: 1,
    daysColumn: "days_since_prior",
  });

  expect(shards.length).toBe(SUBJECTS);
  expect(shards.reduce((sum, shard) => sum + shard.rows, 0)).toBe(rows);
  const folders = await readdir(join(dir, "tokens"));
  expect(folders.length).toBe(SUBJECTS);
  const files = await Promise.all(folders.map((folder) => readdir(join(dir, "tokens", folder))));
  expect(files.every((found) => found.length === 1)).toBe(true);
  const sample = join(dir, "tokens", folders[7] ?? "", files[7]?.[0] ?? "");
  const reader = await connection.runAndReadAll(
    `select count(*) from (select final_seq, row_number() over () as place from read_parquet('${sample}')) where final_seq <> place`,
  );
  expect(reader.getRowsJson()).toEqual([["0"]]);
  connection.closeSync();
});
