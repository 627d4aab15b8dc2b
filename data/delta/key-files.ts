import { identifier, quote } from "../sql/duckdb.ts";
import type { AddFile } from "./actions.ts";
import type { MergeSource } from "./merge-source.ts";
import { duckdbType } from "./schema.ts";
import type { Column } from "./table.ts";
import type { TableSnapshot } from "./table-snapshot.ts";
import type { WriteSession } from "./write-session.ts";

/** Types whose bounds survive DuckDB's JSON: it reads other numbers as doubles. */
const bounded: ReadonlySet<unknown> = new Set([
  "string",
  "long",
  "integer",
  "short",
  "byte",
  "date",
  "timestamp",
  "timestamp_ntz",
]);

/** The files that may hold a key of the source, as far as their statistics and partition values tell. */
export async function filesWithKeys(
  session: WriteSession,
  snapshot: TableSnapshot,
  source: MergeSource,
  files: readonly AddFile[],
): Promise<AddFile[]> {
  const columns = source.solid.filter(
    ({ name, type }) => bounded.has(type) || snapshot.partitionColumns.includes(name),
  );
  if (files.length === 0 || columns.length === 0) return [...files];
  const [first] = columns;
  if (!first) return [...files];
  const within = columns.map(
    (_, index) =>
      `(lo${index} is null or hi${index} is null or (lo${index} <= max${index} and hi${index} >= min${index}))`,
  );
  const extremes = columns.map(
    ({ name }, index) => `min(${identifier(name)}) as min${index}, max(${identifier(name)}) as max${index}`,
  );
  const numbers = await session.numbers(
    `with near as materialized (
       select f.* from (${boundsSql(snapshot, columns)}) f, (select ${extremes.join(", ")} from ${source.table})
       where ${within.join(" and ")}
     )
     select file from near where lo0 is null or hi0 is null
     union all
     select file from near asof join (select distinct ${identifier(first.name)} as key from ${source.table}) s
       on s.key >= near.lo0 where s.key <= near.hi0`,
    {
      stats: files.map(({ stats }) => stats ?? ""),
      partitions: files.map(({ partitionValues }) => JSON.stringify(partitionValues)),
    },
  );
  const found = new Set(numbers.map(([index]) => index));
  return files.filter((_, index) => found.has(index));
}

/** A SELECT of the least and greatest key that each file may hold; null where that is not known. */
function boundsSql(snapshot: TableSnapshot, columns: readonly Column[]): string {
  const list = columns.flatMap((column, index) => {
    const { name, type } = column;
    const sqlType = duckdbType(type);
    const pointer = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    if (snapshot.partitionColumns.includes(name)) {
      const value = `try_cast(nullif(partition ->> ${quote(pointer)}, '') as ${sqlType})`;
      return [`${value} as lo${index}`, `${value} as hi${index}`];
    }
    // A timestamp's bounds are cut to milliseconds, the upper one too.
    const slack = type === "timestamp" || type === "timestamp_ntz" ? " + interval 1 millisecond" : "";
    return [
      `try_cast(stats ->> ${quote(`/minValues${pointer}`)} as ${sqlType}) as lo${index}`,
      `try_cast(stats ->> ${quote(`/maxValues${pointer}`)} as ${sqlType})${slack} as hi${index}`,
    ];
  });
  return `
    select file, ${list.join(", ")} from (
      select n - 1 as file, cast(case when json_valid(s) then s end as json) as stats, cast(p as json) as partition
      from (select unnest(range(1, len($stats) + 1)) as n, unnest($stats) as s, unnest($partitions) as p))`;
}
