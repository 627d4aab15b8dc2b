import type { DuckDBConnection } from "@duckdb/node-api";
import { checks } from "../../../data/sequences/check.ts";
import { models } from "../../../data/sequences/model.ts";
import { Settings } from "../../../data/sequences/settings.ts";
import { importCsv } from "../../../data/sequences/sources/import.ts";
import { findSource } from "../../../data/sequences/sources/source-file.ts";
import { sourceTables } from "../../../data/sequences/sources/tables.ts";
import { countDrops, prepare, standInFor } from "../../../data/sequences/workspace.ts";
import { quote } from "../../../data/sql/duckdb.ts";

/** Reads the sources below `root` into `raw_*` tables of the connection. */
export async function loadSources(connection: DuckDBConnection, root: string): Promise<void> {
  const present = new Set<string>();
  await connection.run("create or replace temp table imports (source varchar, rows bigint, rejects bigint)");
  for (const table of sourceTables) {
    const file = await findSource(root, table);
    if (!file) continue;
    present.add(table.name);
    const { rejects } = await importCsv(connection, file, "skip", async (sql) => {
      await connection.run(`create or replace temp table raw_${table.name} as ${sql}`);
    });
    await connection.run(
      `insert into imports select ${quote(table.name)}, count(*), ${rejects} from raw_${table.name}`,
    );
  }
  await standInForMissing(connection, present);
}

/** Runs every model over the `raw_*` tables of the connection. */
export async function runModels(
  connection: DuckDBConnection,
  settings: Partial<Settings> = {},
): Promise<void> {
  await prepare(connection, Settings.parse(settings));
  await connection.run("create or replace temp table drops (model varchar, reason varchar, rows bigint)");
  for (const model of models) {
    await connection.run(`create or replace temp table ${model.name} as ${model.sql}`);
    for (const [reason, rows] of Object.entries(await countDrops(connection, model))) {
      await connection.run(`insert into drops values (${quote(model.name)}, ${quote(reason)}, ${rows})`);
    }
  }
}

/** The violations of each check that looks at the tables alone. */
export async function runTableChecks(connection: DuckDBConnection): Promise<Record<string, number>> {
  await connection.run(`create or replace temp table published (source varchar, rows bigint);
    create or replace temp table memory (step varchar, peak_rss_bytes bigint, memory_limit_bytes bigint)`);
  await connection.run(
    "create or replace temp view records as select source, rows + rejects as lines from imports",
  );
  await connection.run(
    `create or replace temp view source_icd_codes as
     select distinct 'diagnoses_icd' as source, icd_code from raw_diagnoses_icd
     union all select distinct 'procedures_icd', icd_code from raw_procedures_icd`,
  );
  const found: Record<string, number> = {};
  for (const check of checks.filter((check) => !check.needs)) {
    const reader = await connection.runAndReadAll(check.sql);
    found[check.id] = Number(reader.getRows()[0]?.[0] ?? 0);
  }
  return found;
}

/** Empty tables in place of the sources that are not there. */
export async function standInForMissing(
  connection: DuckDBConnection,
  present: ReadonlySet<string>,
): Promise<void> {
  for (const table of sourceTables) if (!present.has(table.name)) await standInFor(connection, table);
}
