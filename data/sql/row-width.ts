import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { DuckDBTypeId } from "@duckdb/node-api";
import { z } from "zod";
import { identifier, queryRows } from "./duckdb.ts";

interface Column {
  readonly name: string;
  readonly type: DuckDBType;
}

/** Rows are decoded in pieces of this size, so that no piece holds the event loop. */
const PIECE_BYTES = 1024 ** 2;
/** One row is a piece at least, and a caller who wants more of it has files to read. */
export const MAX_ROW_BYTES = 16 * 1024 ** 2;

/** How many rows of this width are decoded at a time; nothing when the engine's own chunks are small enough. */
export function rowsInPiece(widest: number, rowsInChunk: number): number | undefined {
  const rows = Math.max(1, Math.floor(PIECE_BYTES / Math.max(1, widest)));
  return rows < rowsInChunk ? rows : undefined;
}

/** The bytes that the widest row of `temp.result` has in values that have no fixed size, as text. */
export async function widestRow(connection: DuckDBConnection, columns: readonly Column[]): Promise<number> {
  const sizes = columns.flatMap(({ name, type }) => sizeOf(identifier(name), type) ?? []);
  if (sizes.length === 0) return 0;
  const [row] = await queryRows(
    connection,
    z.object({ widest: z.coerce.number() }),
    `select coalesce(max(${sizes.map((size) => `coalesce(${size}, 0)`).join(" + ")}), 0) as widest from temp.result`,
  );
  return row?.widest ?? 0;
}

function sizeOf(column: string, { typeId }: DuckDBType): string | undefined {
  if (typeId === DuckDBTypeId.VARCHAR) return `strlen(${column})`;
  if (typeId === DuckDBTypeId.BLOB) return `octet_length(${column})`;
  return unbounded.has(typeId) ? `strlen(${column}::varchar)` : undefined;
}

const unbounded: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIT,
  DuckDBTypeId.LIST,
  DuckDBTypeId.ARRAY,
  DuckDBTypeId.STRUCT,
  DuckDBTypeId.MAP,
  DuckDBTypeId.UNION,
  DuckDBTypeId.BIGNUM,
  DuckDBTypeId.VARIANT,
]);
