import { lazyTable } from "./delta/lazy-table.ts";
import type { Table } from "./delta/table.ts";
import { DataError } from "./errors.ts";
import type { Lake, TableName } from "./lake.ts";
import type { DuckDB, DuckDBLimits } from "./sql/duckdb.ts";
import type { Storage } from "./storage/storage.ts";

interface LakeOptions {
  readonly storage: Storage;
  readonly duckdb: DuckDBLimits;
}

/** The lake that lies in `storage`; closing it closes both. */
export async function openLake({ storage, duckdb: limits }: LakeOptions): Promise<Lake> {
  let opened: Promise<DuckDB> | undefined;
  const duckdb = () => (opened ??= import("./sql/duckdb.ts").then(({ openDuckDB }) => openDuckDB(limits)));

  return {
    storage,
    duckdb,
    table: (name) => lazyTable({ name, root: rootOf(name), storage, openDuckDB: duckdb }),
    tableNames: () => tableNames(storage),
    async [Symbol.asyncDispose]() {
      if (opened) (await opened)[Symbol.dispose]();
      await storage[Symbol.asyncDispose]();
    },
  };
}

/** Any Delta table, also one outside a lake: the one whose folder `storage` is. */
export function openTableAt(storage: Storage, openDuckDB: () => Promise<DuckDB>): Table {
  return lazyTable({ name: storage.url, root: "", storage, openDuckDB });
}

const tableName = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/;

function rootOf(name: TableName): string {
  if (!tableName.test(name))
    throw new DataError(
      `${name} is not a table's name; it is <schema>.<table> in lower case, as silver.patient.`,
    );
  return name.replace(".", "/");
}

async function tableNames(storage: Storage): Promise<TableName[]> {
  const names: TableName[] = [];
  let startAfter = "";
  for (;;) {
    const found = await nextTable(storage, startAfter);
    if (!found) return names.sort();
    names.push(found.name);
    startAfter = found.after;
  }
}

/** The first table after a key. It looks at one key of each `<schema>/<table>` folder, not at the data files. */
async function nextTable(
  storage: Storage,
  startAfter: string,
): Promise<{ name: TableName; after: string } | undefined> {
  let from = startAfter;
  for (;;) {
    const key = await firstKey(storage, "", from);
    if (key === undefined) return undefined;
    const [schema, table, rest] = key.split("/");
    if (rest === undefined) {
      from = key;
      continue;
    }
    from = `${schema}/${table}/${LAST_CHARACTER}`;
    const name: TableName = `${schema}.${table}`;
    if (tableName.test(name) && (await firstKey(storage, `${schema}/${table}/_delta_log/`, "")) !== undefined)
      return { name, after: from };
  }
}

const LAST_CHARACTER = "\u{10ffff}";

async function firstKey(storage: Storage, prefix: string, startAfter: string): Promise<string | undefined> {
  for await (const { key } of storage.list(prefix, { startAfter })) return key;
  return undefined;
}
