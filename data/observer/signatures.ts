import { setImmediate } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Column } from "../delta/table.ts";
import type { Lake } from "../lake.ts";
import { queryRows } from "../sql/duckdb.ts";
import { embedText, MODEL } from "../vectors/embedders/hashed-grams.ts";
import { openConnection } from "./connection.ts";
import { eventsTable } from "./tables.ts";

export const signatureColumns: readonly Column[] = [
  { name: "sig_hash", type: "string", nullable: true, comment: "SHA-256 over the ordered tuple" },
  { name: "event_kind", type: "string", nullable: true },
  { name: "role", type: "string", nullable: true },
  { name: "count", type: "long", nullable: true },
  { name: "city", type: "string", nullable: true },
  { name: "state", type: "string", nullable: true },
  { name: "text", type: "string", nullable: true, comment: "what the embedding is made of" },
  { name: "model", type: "string", nullable: true },
  { name: "embedding", type: { type: "array", elementType: "float", containsNull: false }, nullable: true },
];

/** What happened, as a tuple: two events with one tuple are the same kind of situation. */
export const SignatureTuple = z.object({
  event_kind: z.string().nullable(),
  role: z.string().nullable(),
  count: z.coerce.number().nullable(),
  city: z.string().nullable(),
  state: z.string().nullable(),
});
export type SignatureTuple = z.infer<typeof SignatureTuple>;

export function signatureText({ event_kind, role, count, city, state }: SignatureTuple): string {
  const what = [event_kind, count, role].filter((part) => part !== null).join(" ");
  const where = [city, state].filter((part) => part !== null).join(", ");
  return where === "" ? what : `${what} in ${where}`;
}

const NewSignature = SignatureTuple.extend({ sig_hash: z.string() });
const EMBEDDED_AT_ONCE = 1_000;
const EMBEDDED_A_TURN = 100;

/** Gives each signature that has none its row and its embedding; answers how many. They never change. */
export async function indexSignatures(lake: Lake, signal?: AbortSignal): Promise<number> {
  const table = lake.table("observer.signatures");
  await table.ensure({
    columns: signatureColumns,
    description: "The situations that events tell of, and where they lie",
  });
  const events = await (await eventsTable(lake)).snapshot();
  const known = await (await table.snapshot()).readSql({ columns: ["sig_hash"] });
  using open = await openConnection(lake);
  const { connection } = open;
  const found = await queryRows(
    connection,
    NewSignature,
    `select sig_hash, min(event_kind) as event_kind, min(role) as role, min(count) as count, min(city) as city,
       min(state) as state
     from (${await events.readSql()}) where sig_hash not in (${known}) group by sig_hash order by sig_hash`,
  );
  for (let from = 0; from < found.length; from += EMBEDDED_AT_ONCE) {
    signal?.throwIfAborted();
    const part = found.slice(from, from + EMBEDDED_AT_ONCE);
    await fillTable(connection, part);
    const source = { sql: "select * from signatures", connection };
    await table.merge(source, { key: ["sig_hash"], ...(signal && { signal }) });
  }
  return found.length;
}

async function fillTable(connection: DuckDBConnection, part: readonly z.infer<typeof NewSignature>[]) {
  const rows: object[] = [];
  for (const [at, signature] of part.entries()) {
    const text = signatureText(signature);
    rows.push({ ...signature, text, model: MODEL, embedding: [...(embedText(text) ?? [])] });
    if (at % EMBEDDED_A_TURN === EMBEDDED_A_TURN - 1) await setImmediate();
  }
  const shape =
    '[{"sig_hash":"VARCHAR","event_kind":"VARCHAR","role":"VARCHAR","count":"BIGINT","city":"VARCHAR","state":"VARCHAR","text":"VARCHAR","model":"VARCHAR","embedding":["FLOAT"]}]';
  await connection.run(
    `create or replace temp table signatures as
     select unnest(from_json($rows::json, '${shape}'), recursive := false) as row`,
    { rows: JSON.stringify(rows) },
  );
  await connection.run("create or replace temp table signatures as select unnest(row) from signatures");
}
