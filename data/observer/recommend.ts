import { createHash } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Column, DeltaType } from "../delta/table.ts";
import type { Lake, TableName } from "../lake.ts";
import { queryRows, quote } from "../sql/duckdb.ts";
import { embedText } from "../vectors/embedders/hashed-grams.ts";
import { competenceRules } from "./competence.ts";
import { plural } from "./plural.ts";
import { type SignatureTuple, signatureText } from "./signatures.ts";
import { tableSql } from "./table-sql.ts";

const int = z.coerce.number();
const Neighbour = z.object({
  sig_hash: z.string(),
  text: z.string(),
  similarity: z.number(),
  competence: z.number().describe("The best of its actors, with the floor and the value for unknown ones"),
  score: z.number(),
});
const Playbook = z.object({
  playbook_id: z.string(),
  sig_hash: z.string(),
  endpoint: z.string().nullable(),
  config: z.string().nullable(),
  successes: int,
  scopes: int,
  confidence: z.number(),
  success_rate: z.number(),
});
const Warning = z.object({
  sig_hash: z.string().describe("The neighbour that failed so"),
  error_group: z.string(),
  pattern: z.string(),
  count: int,
  scopes: int,
  cause: z.string(),
  action: z.string(),
  difference: z.string().nullable().describe("The settings under which it succeeded after all"),
});

/** What is known for the next run of a signature, or of the likest ones. */
export type Recommendation = z.infer<typeof Recommendation>;
export const Recommendation = z
  .strictObject({
    sig_hash: z.string(),
    text: z.string(),
    playbook: Playbook.nullable().describe("The best of the neighbours' playbooks"),
    notes: z.array(z.string()),
    advice: z.string().nullable().describe("What the overview model made of it, where one was asked"),
    neighbours: z.array(Neighbour),
    warnings: z.array(Warning),
  })
  .meta({ id: "Recommendation" });

export function signatureHash(tuple: SignatureTuple): string {
  const { event_kind, role, count, city, state } = tuple;
  return createHash("sha256")
    .update(JSON.stringify([event_kind, role, count, city, state]))
    .digest("hex");
}

const NEIGHBOURS = 5;
const WARNINGS = 5;
const KINDS_NAMED = 20;

/** What recommendations are made of, as it stood when it was opened. */
export interface Advisor extends Disposable {
  readonly connection: DuckDBConnection;
}

export async function openAdvisor(lake: Lake): Promise<Advisor> {
  const connection = await (await lake.duckdb()).connect();
  const from = (name: TableName, empty: string) => tableSql(lake, name).then((sql) => sql ?? empty);
  const outcomes = await from(
    "observer.outcomes",
    "select null::varchar sig_hash, null::varchar staffer_id where false",
  );
  const actors = await from(
    "observer.actors",
    "select null::varchar staffer_id, null::double competence where false",
  );
  const signatures = await from(
    "observer.signatures",
    "select null::varchar sig_hash, null::varchar event_kind, null::varchar as text, null::float[] embedding where false",
  );
  const { neighbour_floor: floor, neighbour_unknown: unknown } = competenceRules;
  await connection.run(
    `create temp table near as
     select sig_hash, event_kind, text, embedding, greatest(${floor}, coalesce(best, ${unknown}))::double as competence
     from (${signatures}) left join (
       select o.sig_hash, max(a.competence) as best from (${outcomes}) as o join (${actors}) as a using (staffer_id)
       group by o.sig_hash) using (sig_hash)`,
  );
  await keep(connection, lake, "playbooks", Playbook);
  await keep(connection, lake, "errors", Warning.omit({ difference: true }));
  await keep(connection, lake, "corrections", Correction);
  await keep(connection, lake, "run_advice", RunAdvice);
  return { connection, [Symbol.dispose]: () => connection.closeSync() };
}

const Correction = z.object({
  correction_id: z.string(),
  error_group: z.string(),
  difference: z.string(),
  scopes: int,
});

const RunAdvice = z.object({ sig_hash: z.string(), advice: z.string() });

async function keep(connection: DuckDBConnection, lake: Lake, name: string, row: z.ZodObject): Promise<void> {
  const names = Object.keys(row.shape);
  const rows = await tableSql(lake, `observer.${name}`);
  const empty = `select ${names.map((column) => `null as ${column}`).join(", ")} where false`;
  await connection.run(`create temp table ${name} as select ${names.join(", ")} from (${rows ?? empty})`);
}

export async function recommendNow(
  lake: Lake,
  tuple: SignatureTuple,
  sigHash?: string,
): Promise<Recommendation> {
  using advisor = await openAdvisor(lake);
  return await recommend(advisor, tuple, sigHash);
}

/** By the nearest signatures, each weighted with the competence of those who acted in it. */
export async function recommend(
  { connection }: Advisor,
  tuple: SignatureTuple,
  sigHash = signatureHash(tuple),
): Promise<Recommendation> {
  const text = signatureText(tuple);
  const alike = alikeSql(text);
  const neighbours = await neighboursOf(connection, alike, sigHash, tuple.event_kind);
  const [said] = await queryRows(
    connection,
    RunAdvice,
    "select sig_hash, advice from run_advice where sig_hash = $sig",
    { sig: sigHash },
  );
  const advice = said?.advice ?? null;
  const nothing = { sig_hash: sigHash, text, playbook: null, notes: [], advice, neighbours, warnings: [] };
  if (neighbours.length === 0)
    return { ...nothing, notes: await unknownNotes(connection, alike, sigHash, tuple.event_kind ?? text) };
  const weights = neighbours
    .map(({ sig_hash, score }) => `(${quote(sig_hash)}, ${score}::double)`)
    .join(", ");
  const [playbook = null] = await queryRows(
    connection,
    Playbook,
    `select playbooks.* from playbooks join (values ${weights}) as weight(sig_hash, score) using (sig_hash)
     order by score * success_rate * confidence * (1 - 1 / (1 + scopes)) desc, playbook_id limit 1`,
  );
  const warnings = await queryRows(
    connection,
    Warning,
    `select e.*, difference from errors as e left join (
       select error_group, max_by(difference, (scopes, correction_id)) as difference from corrections
       where difference is not null group by error_group) using (error_group)
     where e.sig_hash in (${neighbours.map(({ sig_hash }) => quote(sig_hash)).join(", ")})
     order by scopes desc, count desc, e.error_group limit ${WARNINGS}`,
  );
  return { ...nothing, playbook, warnings, notes: notesOf(playbook, warnings, neighbours, sigHash) };
}

/** Every signature with its likeness to this one, as SQL; `$sig` is the one that it is itself. */
function alikeSql(text: string): string {
  const vector = embedText(text);
  if (!vector) return "select *, if(sig_hash = $sig, 1.0, 0.0)::double as similarity from near";
  return `select *, case when sig_hash = $sig then 1.0::double
      else greatest(0, list_cosine_similarity(embedding, [${[...vector].join(",")}]::float[]))::double end as similarity
    from near where len(embedding) = ${vector.length}`;
}

/** Signatures of the same kind, and of others those that are alike enough to learn from. */
function neighboursOf(connection: DuckDBConnection, alike: string, sig: string, kind: string | null) {
  return queryRows(
    connection,
    Neighbour,
    `select sig_hash, text, similarity, competence, similarity * competence as score from (${alike})
     where event_kind = $kind::varchar or similarity >= ${competenceRules.likeness_least}
     order by score desc, sig_hash limit ${NEIGHBOURS}`,
    { sig, kind },
  );
}

async function unknownNotes(
  connection: DuckDBConnection,
  alike: string,
  sig: string,
  kind: string,
): Promise<string[]> {
  const kinds = await queryRows(
    connection,
    z.object({ event_kind: z.string() }),
    `select event_kind from (${alike}) where event_kind is not null group by event_kind
     order by max(similarity) desc, event_kind limit ${KINDS_NAMED}`,
    { sig },
  );
  if (kinds.length === 0) return [];
  const named = kinds.map(({ event_kind }) => event_kind).join(", ");
  return [`Nothing is known of ${kind}. What is known, the likest first: ${named}`];
}

function notesOf(
  playbook: z.infer<typeof Playbook> | null,
  warnings: readonly z.infer<typeof Warning>[],
  neighbours: readonly z.infer<typeof Neighbour>[],
  sigHash: string,
): string[] {
  const near = new Map(
    neighbours.map(({ sig_hash, text, similarity }) => [
      sig_hash,
      `${text} (${similarity.toFixed(2)} alike)`,
    ]),
  );
  const notes: string[] = [];
  if (playbook) {
    const { sig_hash, successes, scopes, success_rate, endpoint, config } = playbook;
    const where = sig_hash === sigHash ? "This signature" : `A near signature, ${near.get(sig_hash)},`;
    const often = `${plural(successes, "time")} in ${plural(scopes, "run")}`;
    const way = [endpoint && `by ${endpoint}`, config && `under ${config}`].filter(Boolean).join(" ");
    notes.push(
      `${where} succeeded ${often} (${Math.round(success_rate * 100)}% of its attempts) ${way}`.trim(),
    );
  }
  for (const { sig_hash, pattern, count, difference, action } of warnings) {
    const where = sig_hash === sigHash ? "Failed" : `A near signature, ${near.get(sig_hash)}, failed`;
    const mended = difference ? `; it succeeded after ${difference}` : `; ${action}`;
    notes.push(`${where} ${plural(count, "time")} with: ${pattern}${mended}`);
  }
  return notes;
}

const storedTypes = {
  sig_hash: "string",
  text: "string",
  playbook_id: "string",
  config: "string",
  success_rate: "double",
  confidence: "double",
  notes: "string",
  neighbours: "string",
  warnings: "string",
} as const satisfies Readonly<Record<string, DeltaType>>;
export const recommendationColumns: readonly Column[] = Object.entries(storedTypes).map(([name, type]) => ({
  ...{ name, type, nullable: true },
}));
const STORED_AT_ONCE = 200;

/** Keeps recommendations for the signatures that were last in use, so that other engines can read them. */
export async function storeRecommendations(lake: Lake, signal?: AbortSignal): Promise<number> {
  const table = lake.table("observer.recommendations");
  await table.ensure({
    columns: recommendationColumns,
    description: "Advice for the next run of a signature",
  });
  const [signatures, outcomes] = [
    await tableSql(lake, "observer.signatures"),
    await tableSql(lake, "observer.outcomes"),
  ];
  if (!signatures || !outcomes) return 0;
  const duckdb = await lake.duckdb();
  const recent = await duckdb.query(
    z.object({
      sig_hash: z.string(),
      event_kind: z.string().nullable(),
      role: z.string().nullable(),
      count: int.nullable(),
      city: z.string().nullable(),
      state: z.string().nullable(),
    }),
    `select s.* exclude (embedding, text, model) from (${signatures}) as s join (${outcomes}) as o using (sig_hash)
     group by all order by max(o.ended_at) desc, sig_hash limit ${STORED_AT_ONCE}`,
  );
  const rows: object[] = [];
  using advisor = await openAdvisor(lake);
  for (const { sig_hash, ...tuple } of recent) {
    signal?.throwIfAborted();
    rows.push(storedRow(await recommend(advisor, tuple, sig_hash)));
  }
  if (rows.length === 0) return 0;
  const shape = JSON.stringify([
    Object.fromEntries(
      Object.entries(storedTypes).map(([name, type]) => [name, type === "double" ? "DOUBLE" : "VARCHAR"]),
    ),
  ]);
  const connection = await duckdb.connect();
  try {
    await connection.run(
      `create temp table advice as select unnest(rows, max_depth := 2) from (select from_json($rows::json, '${shape}') as rows)`,
      { rows: JSON.stringify(rows) },
    );
    await table.merge(
      { sql: "select * from advice", connection },
      { key: ["sig_hash"], ...(signal && { signal }) },
    );
  } finally {
    connection.closeSync();
  }
  return rows.length;
}

function storedRow({ sig_hash, text, playbook, notes, neighbours, warnings }: Recommendation): object {
  return {
    sig_hash,
    text,
    playbook_id: playbook?.playbook_id ?? null,
    config: playbook?.config ?? null,
    success_rate: playbook?.success_rate ?? null,
    confidence: playbook?.confidence ?? null,
    notes: JSON.stringify(notes),
    neighbours: JSON.stringify(neighbours),
    warnings: JSON.stringify(warnings),
  };
}
