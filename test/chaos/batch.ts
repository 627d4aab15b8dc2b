import { z } from "zod";
import type { Column } from "../../data/delta/table.ts";
import type { Lake, TableName } from "../../data/lake.ts";

export const TABLES = 8;
const ROWS = 20;

export const Batch = z.strictObject({
  batch: z.int(),
  /** A second delivery of one batch is another job. */
  delivery: z.int().default(0),
  /** False leaves out what keeps a write from being done twice, for the control of a test. */
  guarded: z.boolean().default(true),
  takesMs: z.number().default(0),
  blocksMs: z.number().default(0),
  inThread: z.boolean().default(false),
  ignoresSignal: z.boolean().default(false),
  poison: z.enum(["throws", "exits", "grows", "hangs"]).optional(),
});
export type Batch = z.infer<typeof Batch>;

export const columns: Column[] = [
  { name: "batch", type: "long", nullable: true },
  { name: "row", type: "long", nullable: true },
  { name: "value", type: "string", nullable: true },
];

export function tableOf(batch: number): TableName {
  return `chaos.t${batch % TABLES}`;
}

/** The rows that some batches have, whoever writes them and whenever. */
export function rowsSql(batches: readonly number[]): string {
  if (batches.length === 0) return "select 0::bigint as batch, 0::bigint as row, '' as value where false";
  return `select b::bigint as batch, i::bigint as row, md5(b || ' ' || i) as value
    from (values ${batches.map((batch) => `(${batch})`).join(", ")}) v(b), range(${ROWS}) r(i)`;
}

/** Tables of even numbers are appended to, those of odd ones merged into. */
export async function apply(lake: Lake, { batch, guarded }: Batch, signal: AbortSignal): Promise<string> {
  const table = lake.table(tableOf(batch));
  const source = { sql: rowsSql([batch]) };
  const info = { batch };
  if (!guarded) return (await table.append(source, { info })).outcome;
  const options = { info, signal, txn: { appId: `batch-${batch}`, version: 1 } };
  const written =
    batch % 2 === 0
      ? await table.append(source, options)
      : await table.merge(source, { ...options, key: ["batch", "row"] });
  return written.outcome;
}
