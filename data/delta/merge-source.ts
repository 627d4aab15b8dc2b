import { DataError } from "../errors.ts";
import { identifier } from "../sql/duckdb.ts";
import { castList, columnNames, subquery } from "./source-columns.ts";
import type { Column, MergeOptions, Source } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import { columnList } from "./write-rows.ts";
import type { WriteSession } from "./write-session.ts";

/** A merge's rows, one a key, in a temporary table. */
export interface MergeSource {
  readonly table: string;
  readonly rows: number;
  readonly key: readonly Column[];
  /** SQL that is true where a row of the table, `t`, and one of the source, `s`, have one key. */
  readonly sameKey: string;
  /** The key columns that are null in no row of the source. */
  readonly solid: readonly Column[];
}

/** The number of a source row. */
export const SOURCE_ROW = "__millrace_source";
const ROWS_OF_KEY = "__millrace_rows";

export async function keepSource(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: Source,
  options: MergeOptions,
  tableName: string,
): Promise<MergeSource> {
  const key = keyColumns(snapshot, options.key, tableName);
  const names = await columnNames(session.connection, source.sql);
  const list = castList(snapshot.columns, names, {
    table: tableName,
    mayLack: false,
    mayExceed: options.orderBy !== undefined,
  });
  const own = new Set(snapshot.columns.map(({ name }) => name.toLowerCase()));
  const extra = names.filter((name) => !own.has(name.toLowerCase())).map(identifier);
  const all = await session.keep(
    `select ${[...list, ...extra].join(", ")}, row_number() over () as ${SOURCE_ROW} from ${subquery(source.sql)}`,
  );
  const { rows, keys, solid } = await countKeys(session, all, key);
  const table =
    rows === keys ? all : await lastOfEach(session, all, columnList(key), snapshot.columns, options.orderBy);
  return { table, rows: keys, key, sameKey: sameKeySql(key, solid), solid };
}

function keyColumns({ columns }: TableSnapshot, names: readonly string[], table: string): Column[] {
  if (names.length === 0) throw new DataError(`A merge into ${table} needs a key: name its columns.`);
  return names.map((name) => {
    const column = columns.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!column) throw new DataError(`${table} has no column ${name}, which the merge names as its key.`);
    return column;
  });
}

interface KeyCounts {
  readonly rows: number;
  readonly keys: number;
  readonly solid: readonly Column[];
}

async function countKeys(session: WriteSession, table: string, key: readonly Column[]): Promise<KeyCounts> {
  const list = columnList(key);
  const nulls = key.map(({ name }) => `count(*) - count(${identifier(name)})`);
  const [[rows = 0, keys = 0, ...nullCounts] = []] = await session.numbers(
    `select coalesce(sum(${ROWS_OF_KEY}), 0), count(*), ${nulls.join(", ")}
     from (select ${list}, count(*) as ${ROWS_OF_KEY} from ${table} group by ${list})`,
  );
  return { rows, keys, solid: key.filter((_, index) => nullCounts[index] === 0) };
}

/** All columns decide where the ordering does not, so that one batch always ends in the same rows. */
async function lastOfEach(
  session: WriteSession,
  all: string,
  key: string,
  columns: readonly Column[],
  orderBy: string | undefined,
): Promise<string> {
  const ordering = [...(orderBy === undefined ? [] : [orderBy]), columnList(columns)].join(", ");
  const last = await session.keep(
    `select * from ${all} qualify lead(1) over (partition by ${key} order by ${ordering}) is null`,
  );
  await session.drop(all);
  return last;
}

/** A plain equality lets DuckDB skip parts of files; it means the same where the source has no null. */
function sameKeySql(key: readonly Column[], solid: readonly Column[]): string {
  return key
    .map((column) => {
      const name = identifier(column.name);
      return `t.${name} ${solid.includes(column) ? "=" : "is not distinct from"} s.${name}`;
    })
    .join(" and ");
}
