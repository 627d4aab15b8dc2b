import { z } from "zod";
import type { Places, Txn, WriteResult } from "../../delta/table.ts";
import { ref } from "../../redact.ts";
import { queryRows, quote } from "../../sql/duckdb.ts";
import { type IndexDefinition, vectorsTable } from "../index-definition.ts";
import { ensureVectors } from "../vectors-table.ts";
import type { Workbench } from "./workbench.ts";

/** What a refresh could not give a vector, and so left out. */
export const Refused = z.strictObject({
  chunks: z.int(),
  reasons: z.record(z.string(), z.int()),
  /** Some of the rows, by a mark that leads nobody to a person. */
  rows: z.array(z.string()),
});
export type Refused = z.infer<typeof Refused>;

const NAMED_ROWS = 20;

export interface Judged {
  readonly refused: Refused;
  /** How many chunks lose their vectors and get no other. */
  readonly leaving: number;
}

/** Puts the vectors to their chunks: `ready` has those to write, and `leaving` those whose old vector must go as well. */
export async function judge(bench: Workbench, index: IndexDefinition): Promise<Judged> {
  const given = index.content.kind === "vector";
  const reason = given ? reasonSql(index.dimensions) : "m.reason";
  await bench.keep(
    "ready",
    `select w.id, w.chunk, w.text, ${given ? "w.vector" : "coalesce(k.vector, m.vector)"} as vector,
      w.content_hash, ${quote(index.model)} as model, ${reason} as reason
    from wanted w ${given ? "" : "left join known k using (content_hash) left join made m using (content_hash)"}`,
  );
  const { refused, gone } = await countLeaving(bench);
  if (refused.chunks + gone === 0) return { refused, leaving: 0 };
  const leaving = await bench.keep(
    "leaving",
    "select id, chunk from gone union select id, chunk from ready where reason is not null",
  );
  return { refused, leaving };
}

function reasonSql(dimensions: number): string {
  return `case when len(w.vector) <> ${dimensions} then 'wrong-size'
    when len(list_filter(w.vector, lambda x: x is not null)) <> ${dimensions} then 'not-finite'
    when not isfinite(list_dot_product(cast(w.vector as double[]), cast(w.vector as double[]))) then 'not-finite'
    when list_dot_product(cast(w.vector as double[]), cast(w.vector as double[])) = 0 then 'zero' end`;
}

async function countLeaving({ connection }: Workbench): Promise<{ refused: Refused; gone: number }> {
  const counts = await queryRows(
    connection,
    z.object({ reason: z.string().nullable(), chunks: z.coerce.number() }),
    `select reason, count(*) as chunks from ready where reason is not null group by reason
     union all select null, count(*) from gone order by reason`,
  );
  const gone = counts.find(({ reason }) => reason === null)?.chunks ?? 0;
  const reasons = counts.flatMap(({ reason, chunks }) => (reason === null ? [] : [{ reason, chunks }]));
  if (reasons.length === 0) return { refused: { chunks: 0, reasons: {}, rows: [] }, gone };
  const rows = await queryRows(
    connection,
    z.object({ id: z.string() }),
    `select distinct id from ready where reason is not null order by id limit ${NAMED_ROWS}`,
  );
  const refused = {
    chunks: reasons.reduce((sum, { chunks }) => sum + chunks, 0),
    reasons: Object.fromEntries(reasons.map(({ reason, chunks }) => [reason, chunks])),
    rows: rows.map(({ id }) => ref(id)),
  };
  return { refused, gone };
}

/** All of a refresh becomes visible in one commit, which carries the version of the source that it brings. */
export async function commitVectors(
  bench: Workbench,
  index: IndexDefinition,
  { leaving }: Judged,
  { txn, places }: { readonly txn: Txn; readonly places: Places | undefined },
): Promise<WriteResult> {
  const { lake, connection, signal } = bench;
  const table = places ? lake.table(vectorsTable(index)) : await ensureVectors(lake, index);
  const source = {
    sql: "select id, chunk, text, vector, content_hash, model from ready where reason is null",
    connection,
  };
  const options = { txn, signal, info: { source: index.table, sourceVersion: txn.version } };
  if (!places && (await table.snapshot()).fileCount === 0) return table.append(source, options);
  return table.merge(source, {
    ...options,
    key: ["id", "chunk"],
    // Whose hash or model differs was found out by the plan, so nothing of the old rows but their keys is read again.
    replaces: true,
    ...(places && { places }),
    ...(leaving > 0 && {
      deleteMissing: "id in (select id from leaving) and (id, chunk) in (select (id, chunk) from leaving)",
    }),
  });
}
