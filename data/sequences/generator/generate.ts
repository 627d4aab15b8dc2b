import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows, quote } from "../../sql/duckdb.ts";

export interface MimicSize {
  readonly patients: number;
  /** Rows of labevents; the other tables follow from the patients. */
  readonly labs: number;
  readonly seed: number;
  /** Plants rows that cannot be read, in the two tables where such rows are left out by default. */
  readonly badRows: boolean;
  readonly gzip: boolean;
}

const files = {
  patients:
    "select subject_id, gender, anchor_age, anchor_year, anchor_year_group, null as dod from gen_patients",
  admissions: "select * exclude (k) from gen_admissions",
  diagnoses_icd: "from gen_diagnoses",
  procedures_icd: "from gen_procedures",
  prescriptions: "from gen_prescriptions",
  labevents:
    "select labevent_id, subject_id, hadm_id, specimen_id, itemid, order_provider_id, charttime, storetime, value, valuenum, valueuom, ref_range_lower, ref_range_upper, flag, priority, comments from gen_labs",
  omr: "from gen_omr",
  drgcodes: "from gen_drgcodes",
  d_labitems: "select itemid, label, fluid, category from gen_items",
};

/** Writes the files of a MIMIC-IV release in its folder layout, with invented content, and answers their rows. */
export async function generateMimic(connection: DuckDBConnection, out: string, size: MimicSize) {
  await mkdir(join(out, "hosp"), { recursive: true });
  for (const [name, value] of Object.entries({ patients: size.patients, labs: size.labs, seed: size.seed })) {
    await connection.run(`set variable ${name} = ${value}`);
  }
  await connection.run(await readFile(join(import.meta.dirname, "mimic.sql"), "utf8"));

  const rows: Record<string, number> = {};
  for (const [name, select] of Object.entries(files)) {
    const path = join(out, "hosp", `${name}.csv${size.gzip ? ".gz" : ""}`);
    const compression = size.gzip ? "gzip" : "none";
    await connection.run(
      `copy (select * from (${select})${orderOf(name)}) to ${quote(path)} (format csv, header, timestampformat '%Y-%m-%d %H:%M:%S', compression ${compression})`,
    );
    const [counted] = await queryRows(
      connection,
      z.object({ n: z.bigint() }),
      `select count(*) as n from (${select})`,
    );
    rows[name] = Number(counted?.n ?? 0n);
  }
  if (size.badRows && !size.gzip) await plantBadRows(out);
  return rows;
}

/** The released files are not all sorted by subject, and no reader may count on it. */
function orderOf(name: string): string {
  if (name === "labevents") return " order by hash(subject_id), labevent_id";
  return name === "d_labitems" ? " order by itemid" : " order by hash(subject_id)";
}

async function plantBadRows(out: string): Promise<void> {
  const append = (file: string, lines: string) => writeFile(join(out, "hosp", file), lines, { flag: "a" });
  await append("labevents.csv", "one field\nx,10000000,,,50800,,2150-01-01 00:00:00,,1,1,,,,,,\n");
  await append("prescriptions.csv", "10000000,20000000.5,30000000,2150-01-01 00:00:00,,MAIN,Aspirin\n");
}
