import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { DataError } from "../../errors.ts";
import type { FieldKind, SourceTable } from "./tables.ts";

/** One CSV of a release, found and its header understood. */
export interface SourceFile {
  readonly table: SourceTable;
  readonly path: string;
  readonly gzipped: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
  readonly header: readonly string[];
  /** How many bytes end a line. */
  readonly newlineBytes: 1 | 2;
  /** The columns that are kept, in the file's order. */
  readonly fields: ReadonlyMap<string, FieldKind>;
  /** Columns that no table of ours knows. */
  readonly unknown: readonly string[];
}

const MAX_HEADER_BYTES = 1 << 20;

/** The table's file below `root`: `hosp/` before the folder itself, plain before gzipped; undefined when there is none. */
export async function findSource(root: string, table: SourceTable): Promise<SourceFile | undefined> {
  for (const folder of [join(root, "hosp"), root]) {
    for (const name of [`${table.name}.csv`, `${table.name}.csv.gz`]) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) continue;
      const gzipped = name.endsWith(".gz");
      const line = await firstLine(path, gzipped);
      const header = parseHeader(line, name);
      return {
        table,
        path,
        gzipped,
        sizeBytes: found.size,
        modifiedAt: found.mtime,
        header,
        newlineBytes: line.endsWith("\r") ? 2 : 1,
        ...keptFields(table, header, name),
      };
    }
  }
  return undefined;
}

function keptFields(table: SourceTable, header: readonly string[], name: string) {
  const missing = Object.keys(table.columns).filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new DataError(`${name} lacks ${missing.join(", ")}: is it a file of MIMIC-IV 2.0 to 3.1?`);
  }
  const known: Record<string, FieldKind> = { ...table.columns, ...table.extra };
  const fields = new Map<string, FieldKind>();
  for (const column of header) {
    const kind = known[column];
    if (kind) fields.set(column, kind);
  }
  return { fields, unknown: header.filter((column) => !(column in known)) };
}

function parseHeader(line: string, name: string): string[] {
  const columns = line
    .replace(/^\uFEFF/, "")
    .split(",")
    .map((column) => column.trim().replace(/^"(.*)"$/, "$1"));
  if (line.trim() === "") throw new DataError(`${name} has no header line`);
  const unnamed = columns.indexOf("");
  if (unnamed >= 0) throw new DataError(`${name} has no name for column ${unnamed + 1} of its header line`);
  const doubled = columns.find((column, index) => columns.indexOf(column) !== index);
  if (doubled !== undefined) throw new DataError(`${name} names the column ${doubled} twice`);
  return columns;
}

async function firstLine(path: string, gzipped: boolean): Promise<string> {
  const raw = createReadStream(path, { highWaterMark: 1 << 16 });
  const text = gzipped ? raw.pipe(createGunzip()) : raw;
  raw.on("error", (error) => text.destroy(error));
  let head = Buffer.alloc(0);
  try {
    for await (const part of text) {
      head = Buffer.concat([head, part as Buffer]);
      const end = head.indexOf(0x0a);
      if (end >= 0) return head.subarray(0, end).toString();
      if (head.length > MAX_HEADER_BYTES) break;
    }
    return head.toString();
  } catch (error) {
    throw new DataError(`${path.split("/").at(-1)} cannot be read: is it damaged or cut short?`, {
      cause: error,
    });
  } finally {
    raw.destroy();
  }
}
