import { z } from "zod";
import type { Column } from "../../delta/table.ts";
import type { Lake } from "../../lake.ts";
import { quote } from "../../sql/duckdb.ts";
import { parserRules } from "../parser-rules.ts";
import type { BronzeBundle } from "./bronze-bundle.ts";

/**
 * Which content of each bundle Silver was made from, by which rules, and why a bundle is in quarantine. Written
 * when all merges of a refresh are done: a refresh that was killed before does its bundles again.
 */
export const parsedName = "bronze.parsed_bundle";

const parsedColumns: readonly Column[] = [
  { name: "cohort", type: "string", nullable: false },
  { name: "name", type: "string", nullable: false },
  { name: "sha256", type: "string", nullable: false },
  { name: "rules", type: "string", nullable: false, comment: "Version of the parser" },
  {
    name: "reason",
    type: "string",
    nullable: true,
    comment: "Why it is in quarantine; null when it was read",
  },
  { name: "parsed_at", type: "timestamp", nullable: false },
  {
    name: "fingerprint",
    type: "string",
    nullable: true,
    comment: "Of what was taken out of it; null where nothing could be",
  },
];

const ParsedBundle = z.object({
  cohort: z.string(),
  name: z.string(),
  sha256: z.string(),
  rules: z.string(),
  reason: z.string().nullable(),
  fingerprint: z.string().nullable(),
});
export type ParsedBundle = z.infer<typeof ParsedBundle>;

async function ensureParsed(lake: Lake): Promise<void> {
  const table = lake.table(parsedName);
  if (await table.exists()) {
    const known = new Set((await table.snapshot()).columns.map(({ name }) => name));
    for (const column of parsedColumns) if (!known.has(column.name)) await table.addColumn(column);
  }
  await table.ensure({
    columns: parsedColumns,
    description: "One row per bundle that a refresh has read or put aside.",
  });
}

export async function parsedBundles(lake: Lake): Promise<ParsedBundle[]> {
  await ensureParsed(lake);
  const rows = await (await lake.table(parsedName).snapshot()).readSql();
  return await (await lake.duckdb()).query(
    ParsedBundle,
    `select cohort, name, sha256, rules, reason, fingerprint from (${rows}) order by cohort, name`,
  );
}

export async function recordParsed(lake: Lake, parsed: readonly ParsedBundle[], at: Date): Promise<void> {
  if (parsed.length === 0) return;
  await ensureParsed(lake);
  const rows = parsed.map(
    (one) =>
      `(${quote(one.cohort)}, ${quote(one.name)}, ${quote(one.sha256)}, ${quote(one.rules)},
        ${textOrNull(one.reason)}, ${quote(at.toISOString())}::timestamptz, ${textOrNull(one.fingerprint)})`,
  );
  const names = parsedColumns.map((column) => column.name).join(", ");
  await lake
    .table(parsedName)
    .merge(
      { sql: `select * from (values ${rows.join(",\n")}) as p(${names})` },
      { key: ["cohort", "name"], provenance: ["parsed_at"] },
    );
}

function textOrNull(text: string | null): string {
  return text === null ? "null::varchar" : quote(text);
}

export async function forgetParsed(
  lake: Lake,
  bundles: readonly Pick<BronzeBundle, "cohort" | "name">[],
): Promise<void> {
  if (bundles.length === 0) return;
  const names = bundles.map(({ cohort, name }) => `(${quote(cohort)}, ${quote(name)})`);
  await lake.table(parsedName).delete(`(cohort, name) in (${names.join(", ")})`);
}

/** What is new, changed, or was read by other rules. */
export function stale(current: readonly BronzeBundle[], parsed: readonly ParsedBundle[]): BronzeBundle[] {
  const done = new Set(
    parsed.map(({ cohort, name, sha256, rules }) => JSON.stringify([cohort, name, sha256, rules])),
  );
  return current.filter(
    ({ cohort, name, sha256 }) => !done.has(JSON.stringify([cohort, name, sha256, parserRules])),
  );
}
