import { z } from "zod";
import type { Places } from "../../delta/table.ts";
import { DataError } from "../../errors.ts";
import { queryRows, quote } from "../../sql/duckdb.ts";
import { type IndexDefinition, vectorsTable } from "../index-definition.ts";
import { keepPieces } from "./pieces.ts";
import { keepTouched, type Scope } from "./touched-rows.ts";
import type { Workbench } from "./workbench.ts";

/** What a refresh found out about the rows it looked at. */
export const RowCounts = z.strictObject({
  new: z.int(),
  changed: z.int(),
  deleted: z.int(),
  unchanged: z.int(),
  /** Rows without text, or without a vector, which have nothing to find them by. */
  empty: z.int(),
});
export type RowCounts = z.infer<typeof RowCounts>;

export const Plan = z.strictObject({
  counts: RowCounts,
  /** Chunks whose vector nobody has yet. */
  toEmbed: z.int(),
  /** Chunks that the cache knew. */
  cached: z.int(),
});
export type Plan = z.infer<typeof Plan>;

/** What a comparison found. */
export interface Compared {
  readonly counts: RowCounts;
  /** How many chunks the table of vectors lacks or has otherwise. */
  readonly wanted: number;
  /** Where the chunks lie that the table has of these rows, if not all rows were compared. */
  readonly places: Places | undefined;
}

/**
 * Finds out what to do and leaves it on the workbench: `wanted` are the chunks that the table of vectors lacks or has
 * otherwise, `gone` those it has too many. Rows whose text did not change cost no vector, whatever else of them did.
 */
export async function compareRows(bench: Workbench, index: IndexDefinition, scope: Scope): Promise<Compared> {
  const { whole } = await keepTouched(bench, index, scope);
  await keepPieces(bench, index);
  const places = await keepHeld(bench, index, whole);
  const wanted = await bench.keep(
    "wanted",
    `select p.*
     from pieces p left join held h on h.id = p.id and h.chunk = p.chunk and h.model = ${quote(index.model)}
     where h.content_hash is distinct from p.content_hash`,
  );
  await bench.keep("gone", "select id, chunk from held anti join pieces using (id, chunk)");
  return { counts: await countRows(bench, index), wanted, places };
}

const heldColumns = ["id", "chunk", "content_hash", "model"];

/** Keeps what the table of vectors has of the rows that are looked at in `held`, and where, if they are not all rows. */
async function keepHeld(
  bench: Workbench,
  index: IndexDefinition,
  whole: boolean,
): Promise<Places | undefined> {
  const vectors = await bench.lake.table(vectorsTable(index)).snapshot();
  const placed = whole || vectors.fileCount === 0 ? undefined : await vectors.placesSql(heldColumns);
  const held = placed ?? (await vectors.readSql({ columns: heldColumns }));
  await bench.keep("held", `select * from (${held}) ${whole ? "" : "where id in (select id from touched)"}`);
  return placed === undefined ? undefined : { at: vectors, sql: "select * from held" };
}

const Counted = RowCounts.extend({ repeats: z.int() });

async function countRows(
  { connection }: Workbench,
  { table, idColumn }: IndexDefinition,
): Promise<RowCounts> {
  const [found] = await queryRows(
    connection,
    z.record(z.string(), z.coerce.number()),
    `select count(*) filter (where have and not had) as new,
       count(*) filter (where have and had and other) as changed,
       count(*) filter (where had and not have) as deleted,
       count(*) filter (where have and not other) as unchanged,
       count(*) filter (where presences > 0 and not have) as empty,
       coalesce(sum(presences - 1) filter (where presences > 1), 0) as repeats
     from (
       select bool_or(part = 'held') as had, bool_or(part = 'piece') as have, bool_or(part = 'other') as other,
         count(*) filter (where part = 'present') as presences
       from (
         select id, 'held' as part from held
         union all select id, 'piece' from pieces
         union all select id, 'other' from wanted
         union all select id, 'other' from gone
         union all select id, 'present' from touched where present)
       group by id)`,
  );
  const { repeats, ...counts } = Counted.parse(found);
  if (repeats === 0) return counts;
  throw new DataError(
    `${repeats} rows of ${table} have a ${idColumn} that another row has: an index needs a column that names one row.`,
  );
}
