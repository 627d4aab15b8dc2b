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
  const table = await withoutDuplicates(session, all, columnList(key), snapshot.columns, options.orderBy);
  return describe(session, table, key);
}

function keyColumns({ columns }: TableSnapshot, names: readonly string[], table: string): Column[] {
  if (names.length === 0) throw new DataError(`A merge into ${table} needs a key: name its columns.`);
  return names.map((name) => {
    const column = columns.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase());
    if (!column) throw new DataError(`${table} has no column ${name}, which the merge names as its key.`);
    return column;
  });
}

/** All columns decide where the ordering does not, so that one batch always ends in the same rows. */
async function withoutDuplicates(
  session: WriteSession,
  all: string,
  key: string,
  columns: readonly Column[],
  orderBy: string | undefined,
): Promise<string> {
  const [[duplicated = 0] = []] = await session.numbers(
    `select count(*) from (select 1 from ${all} group by ${key} having count(*) > 1)`,
  );
  if (duplicated === 0) return all;
  const ordering = [...(orderBy === undefined ? [] : [orderBy]), columnList(columns)].join(", ");
  const last = await session.keep(
    `select * from ${all} qualify lead(1) over (partition by ${key} order by ${ordering}) is null`,
  );
  await session.drop(all);
  return last;
}

async function describe(session: WriteSession, table: string, key: readonly Column[]): Promise<MergeSource> {
  const nulls = key.map(({ name }) => `count(*) - count(${identifier(name)})`);
  const [[rows = 0, ...nullCounts] = []] = await session.numbers(
    `select count(*), ${nulls.join(", ")} from ${table}`,
  );
  const solid = key.filter((_, index) => nullCounts[index] === 0);
  // A plain equality lets DuckDB skip parts of files; it means the same where the source has no null.
  const sameKey = key
    .map((column) => {
      const name = identifier(column.name);
      return `t.${name} ${solid.includes(column) ? "=" : "is not distinct from"} s.${name}`;
    })
    .join(" and ");
  return { table, rows, key, sameKey, solid };
}
