import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../../lake.ts";
import { queryRows } from "../../sql/duckdb.ts";
import { readManifest } from "../gold/corpus-manifest.ts";
import { contractVersion, goldName } from "../gold/encounter-summary.ts";
import { silverNames } from "../silver/tables.ts";
import type { Outcome } from "./checks.ts";

/** The six gates before Gold is handed on: the table and what its manifest says of it must agree. */
export async function passGoldGates(lake: Lake): Promise<Outcome[]> {
  const connection = await (await lake.duckdb()).connect();
  try {
    const rows = await countGold(lake, connection);
    const manifest = await readManifest(lake);
    const sources = manifest?.silver_sources.map((source) => source.table).sort();
    return [
      gate("gold_not_empty", rows > 0, `${rows} rows`),
      gate("manifest_parses", manifest !== undefined, manifest ? "parsed" : "missing or malformed"),
      gate("contract_version", manifest?.contract_version === contractVersion, manifest?.contract_version),
      gate("gold_table", manifest?.gold_table === goldName, manifest?.gold_table),
      gate(
        "silver_sources",
        JSON.stringify(sources) === JSON.stringify(silverNames.map((name) => `silver.${name}`).sort()),
        `${sources?.length ?? 0} sources`,
      ),
      gate(
        "row_count",
        manifest?.row_count === rows,
        `${manifest?.row_count} in the manifest, ${rows} in the table`,
      ),
    ];
  } finally {
    connection.closeSync();
  }
}

function gate(name: string, passed: boolean, detail: string | undefined): Outcome {
  return {
    name,
    passed,
    detail: detail ?? "missing",
    severity: "error",
    ...(passed ? {} : { failure: `${name}(${detail ?? "missing"})` }),
  };
}

async function countGold(lake: Lake, connection: DuckDBConnection): Promise<number> {
  const table = lake.table(goldName);
  if (!(await table.exists())) return 0;
  const [counted] = await queryRows(
    connection,
    z.object({ rows: z.coerce.number() }),
    `select count(*) as rows from (${await (await table.snapshot()).readSql()})`,
  );
  return counted?.rows ?? 0;
}
