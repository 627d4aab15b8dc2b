import { z } from "zod";
import type { Lake, TableName } from "../../lake.ts";
import { identifier, quote } from "../../sql/duckdb.ts";
import type { IndexDefinition } from "../index-definition.ts";
import { checkedFilter } from "./filter.ts";

/** Up to so many rows are named one by one; more are only counted. */
export const NAMED_ROWS = 2_000;

/** A filter that was checked, and what it lets through now. */
export interface Filter {
  /** A SELECT of the ids that meet it. */
  readonly idsSql: string;
  readonly matches: number;
  readonly rows: number;
  /** The ids themselves, where they are few. */
  readonly ids: ReadonlySet<string> | undefined;
  /** Which of these ids meet it. */
  among(ids: readonly string[]): Promise<ReadonlySet<string>>;
}

const Counts = z.object({ rows: z.coerce.number(), matches: z.coerce.number() });
const Id = z.object({ id: z.string() });

export async function filterOf(lake: Lake, definition: IndexDefinition, filter: string): Promise<Filter> {
  const snapshot = await lake.table(definition.table as TableName).snapshot();
  const duckdb = await lake.duckdb();
  const condition = await checkedFilter(
    duckdb,
    filter,
    snapshot.columns.map(({ name }) => name),
  );
  const source = await snapshot.readSql();
  const id = `${identifier(definition.idColumn)}::varchar`;
  const [counts] = await duckdb.query(
    Counts,
    `select count(*) as rows, count(*) filter (where ${condition}) as matches from (${source})`,
  );
  const { rows = 0, matches = 0 } = counts ?? {};
  const idsSql = `select ${id} as id from (${source}) where ${condition}`;
  const few = matches <= NAMED_ROWS;
  return {
    idsSql,
    matches,
    rows,
    ids: few ? new Set((await duckdb.query(Id, idsSql)).map((row) => row.id)) : undefined,
    async among(ids) {
      const list = ids.map(quote).join(", ");
      const met = await duckdb.query(Id, `select id from (${idsSql}) where id in (${list})`);
      return new Set(met.map((row) => row.id));
    },
  };
}
