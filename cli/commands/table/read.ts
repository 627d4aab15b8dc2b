import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import { queryRows, quote } from "../../../data/sql/duckdb.ts";
import type { Cell } from "../../../data/sql/formats/cell.ts";
import { encoders } from "../../../data/sql/formats/encoders.ts";
import type { FormatName } from "../../../data/sql/formats/names.ts";
import { rowsOf } from "../../../data/sql/formats/rows.ts";
import { streamRows } from "../../../data/sql/stream-rows.ts";
import { writeFileWhole, writePieces } from "../../../data/sql/write-file.ts";
import type { CliContext } from "../../context.ts";
import { UsageFailure } from "../../failure.ts";
import { printRows } from "../../print-rows.ts";
import { bytes, plural } from "../../quantities.ts";
import { formatOf } from "../../row-format.ts";
import { parseVersion, wholeNumber } from "../../version-option.ts";
import { type Target, withTable } from "./target.ts";

interface Destination {
  readonly out?: string;
  readonly limit?: string;
}

export interface ReadOptions extends Destination {
  readonly version?: string;
  readonly timestamp?: string;
}

export interface ChangesOptions extends Destination {
  readonly from: string;
  readonly to?: string;
}

const PRINTED = 100;

export async function readTable(context: CliContext, name: string, options: ReadOptions): Promise<void> {
  const at = parseVersion(options);
  const destination = parseDestination(options);
  await withTable(context, name, async (target) => {
    const snapshot = await target.table.snapshot(at);
    const facts = { name: target.table.name, version: snapshot.version };
    await give(context, target, await snapshot.readSql(), facts, destination);
  });
}

export async function readChanges(context: CliContext, name: string, options: ChangesOptions): Promise<void> {
  const from = wholeNumber(options.from, "--from");
  const to = options.to === undefined ? undefined : wholeNumber(options.to, "--to");
  if (to !== undefined && to < from) throw new UsageFailure(`--to ${to} is before --from ${from}.`);
  const destination = parseDestination(options);
  await withTable(context, name, async (target) => {
    const last = to ?? (await target.table.snapshot()).version;
    const sql = await target.table.changesSql({ from, to: last });
    const ordered = `select * from (${sql}) order by _commit_version, _change_type`;
    await give(context, target, ordered, { name: target.table.name, from, to: last }, destination);
  });
}

interface Parsed {
  readonly file?: { readonly path: string; readonly format: FormatName };
  readonly limit: number | undefined;
}

function parseDestination({ out, limit }: Destination): Parsed {
  const most = limit === undefined ? undefined : wholeNumber(limit, "--limit");
  if (out === undefined) return { limit: most ?? PRINTED };
  return { file: { path: out, format: formatOf(out) }, limit: most };
}

async function give(
  context: CliContext,
  { duckdb }: Target,
  sql: string,
  facts: Readonly<Record<string, unknown>>,
  { file, limit }: Parsed,
): Promise<void> {
  const connection = await (await duckdb()).connect();
  try {
    const limited = limit === undefined ? sql : `select * from (${sql}) limit ${limit}`;
    if (file) await giveFile(context, connection, limited, facts, file);
    else await giveScreen(context, connection, { sql, limited, limit: limit ?? PRINTED }, facts);
  } finally {
    connection.closeSync();
  }
}

async function giveFile(
  { output }: CliContext,
  connection: DuckDBConnection,
  sql: string,
  facts: Readonly<Record<string, unknown>>,
  { path, format }: { readonly path: string; readonly format: FormatName },
): Promise<void> {
  let rows = 0;
  const sizeBytes = await writeFileWhole(path, async (draft) => {
    if (format === "parquet") {
      const copied = await connection.run(`copy (${sql}) to ${quote(draft)} (format parquet)`);
      rows = copied.rowsChanged;
    } else {
      const stream = await streamRows(connection, sql);
      const counted = async function* () {
        for await (const chunk of stream.chunks()) {
          rows += chunk.rowCount;
          yield chunk;
        }
      };
      await writePieces(draft, encoders[format]({ columns: stream.columns, chunks: counted }));
    }
  });
  const document = { ...facts, out: path, format, rows, sizeBytes };
  output.result(document, () => `${plural(rows, "row")} in ${path} (${bytes(sizeBytes)})`);
}

async function giveScreen(
  { output }: CliContext,
  connection: DuckDBConnection,
  { sql, limited, limit }: { readonly sql: string; readonly limited: string; readonly limit: number },
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  const [counted] = await queryRows(
    connection,
    z.object({ rows: z.coerce.number() }),
    `select count(*) as rows from (${sql})`,
  );
  const total = counted?.rows ?? 0;
  const stream = await streamRows(connection, limited);
  if (!output.json) {
    await printRows(output, stream.columns, rowsOf(stream), Math.min(limit, total));
    if (total > limit) output.say(`of ${plural(total, "row")}: --limit N prints more, --out FILE writes all`);
    return;
  }
  const rows: Record<string, Cell>[] = [];
  for await (const batch of rowsOf(stream))
    for (const row of batch)
      rows.push(Object.fromEntries(stream.columns.map(({ name }, at) => [name, row[at] ?? null])));
  const columns = stream.columns.map(({ name, type }) => ({ name, type: String(type) }));
  output.result({ ...facts, columns, rows, rowCount: total, truncated: total > limit }, () => "");
}
