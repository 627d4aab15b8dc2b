import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Column } from "../../delta/table.ts";
import { DataError } from "../../errors.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import { type Build, txnOf } from "../steps.ts";
import { icdMapTable, sequencesTable } from "../tables.ts";
import type { IcdMaps } from "./icd-map-files.ts";

const columns: Column[] = ["kind", "icd9", "icd10"].map((name) => ({ name, type: "string", nullable: true }));

export async function icdMapRecipe(maps: IcdMaps): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [maps.diagnoses, maps.procedures]) hash.update(await readMap(path));
  return hash.digest("hex").slice(0, 24);
}

/** Of several targets the shortest counts, then the first in order; "no code" is no target. */
export async function importIcdMap(lake: Lake, maps: IcdMaps, build: Build): Promise<number> {
  const table = sequencesTable(lake, icdMapTable);
  await table.ensure({ columns, description: "The one ICD-10 code that each ICD-9 code is mapped to" });
  const staged = await table.stage({
    sql: `${targetsSql("diagnosis", maps.diagnoses)} union all ${targetsSql("procedure", maps.procedures)}`,
  });
  if (staged.rows === 0) throw new DataError("The ICD maps hold no mapping; give the GEM text files of CMS");
  await table.replaceWithStaged([staged], { txn: txnOf(build), info: { recipe: await icdMapRecipe(maps) } });
  return staged.rows;
}

function targetsSql(kind: string, path: string): string {
  return `select ${quote(kind)} as kind, icd9, arg_min(icd10, (length(icd10), icd10)) as icd10
    from (
      select parts[1] as icd9, parts[2] as icd10
      from (
        select regexp_extract_all(line, '\\S+') as parts
        from read_csv(${quote(path)}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = E'\\x01', quote = '', escape = '')
      )
      where len(parts) = 3
    )
    where upper(icd10) not in ('NODX', 'NOPCS')
    group by icd9`;
}

async function readMap(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new DataError(
      `The ICD map ${path} cannot be read; CMS publishes it as the general equivalence mappings`,
      {
        cause,
      },
    );
  }
}
