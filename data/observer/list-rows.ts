import type { DuckDBValue } from "@duckdb/node-api";
import { z } from "zod";
import type { Column } from "../delta/table.ts";
import type { Lake, TableName } from "../lake.ts";
import { identifier } from "../sql/duckdb.ts";
import { tableSql } from "./table-sql.ts";

export interface Listing {
  readonly table: TableName;
  readonly columns: readonly Column[];
  /** A SQL ORDER BY list. */
  readonly orderBy: string;
  /** Columns and the values they must have; what is undefined is not asked for. */
  readonly where?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly offset?: number;
  /** Unset: all of them. */
  readonly limit?: number;
}

export type ListedRow = Readonly<Record<string, unknown>>;

/** Rows of one of the observer's tables as JSON has them; none where the table is not there yet. */
export async function listRows(lake: Lake, listing: Listing): Promise<ListedRow[]> {
  const rows = await tableSql(lake, listing.table);
  return rows === undefined ? [] : await listed(lake, rows, listing);
}

/** Those of them that came in some versions of the table. */
export async function listNewRows(
  lake: Lake,
  versions: { readonly from: number; readonly to: number },
  listing: Listing,
): Promise<ListedRow[]> {
  const changes = await lake.table(listing.table).changesSql(versions);
  return listed(lake, `select * from (${changes}) where _change_type = 'insert'`, listing);
}

async function listed(lake: Lake, rows: string, listing: Listing): Promise<ListedRow[]> {
  const { columns, orderBy, where = {}, offset = 0, limit } = listing;
  const parameters: Record<string, DuckDBValue> = {};
  const conditions = Object.entries(where).flatMap(([column, value]) => {
    if (value === undefined) return [];
    parameters[column] = value;
    return [`${identifier(column)} = $${column}`];
  });
  const list = columns.map(({ name }) => identifier(name)).join(", ");
  const found = await (await lake.duckdb()).query(
    z.record(z.string(), z.unknown()),
    `select ${list} from (${rows}) ${conditions.length > 0 ? `where ${conditions.join(" and ")}` : ""}
     order by ${orderBy} ${limit === undefined ? "" : `limit ${limit} offset ${offset}`}`,
    parameters,
  );
  return found.map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])),
  );
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString();
  return value;
}

/** What such a row looks like, for the API's document. */
export function rowSchema(columns: readonly Column[]): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(columns.map(({ name, type }) => [name, schemaOf(type).nullable()])),
  );
}

function schemaOf(type: Column["type"]): z.ZodType {
  if (typeof type !== "string") return z.array(z.unknown());
  if (type === "long" || type === "integer") return z.int();
  if (type === "double" || type === "float") return z.number();
  if (type === "boolean") return z.boolean();
  return type === "timestamp" ? z.iso.datetime() : z.string();
}
