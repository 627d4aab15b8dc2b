import type { DuckDBConnection } from "@duckdb/node-api";
import { z } from "zod";
import type { Lake } from "../lake.ts";
import { queryRows, quote } from "../sql/duckdb.ts";
import type { StoredObject } from "../storage/storage.ts";
import { openConnection } from "./connection.ts";
import { batchName, oldestBatches } from "./inbox.ts";
import { conflictsTable, eventsTable, repetitionsTable, sentColumns } from "./tables.ts";

/** One commit takes so much, which bounds the memory and the time until a stop is heeded. */
const TAKEN_AT_ONCE = { files: 256, bytes: 32 * 1024 ** 2 };
const APP = "observer-append";
/** A clock may run ahead of ours by this much, and news be this old, without a mark. */
const AHEAD = "2 minutes";
const LATE = "10 minutes";

export interface Appended {
  readonly events: number;
  readonly batches: number;
  /** Known already under their ids, with the same content and with another. */
  readonly duplicates: number;
  readonly conflicting: number;
}

export const nothingAppended: Appended = { events: 0, batches: 0, duplicates: 0, conflicting: 0 };

/**
 * Takes the oldest batches of the inbox into the table; undefined when there are none. An event whose id and batch are
 * in the table was taken by a run that died before it could delete the batch. Two runs at once exclude one another by
 * the number of their commit: the second finds it taken and looks again at what is left.
 */
export async function appendOldest(lake: Lake, signal?: AbortSignal): Promise<Appended | undefined> {
  const batches = await oldestBatches(lake.storage, TAKEN_AT_ONCE);
  if (batches.length === 0) return undefined;
  return appendBatches(lake, batches, signal);
}

async function appendBatches(
  lake: Lake,
  batches: readonly StoredObject[],
  signal: AbortSignal | undefined,
): Promise<Appended> {
  const table = await eventsTable(lake);
  const snapshot = await table.snapshot();
  const txn = { appId: APP, version: (snapshot.txns.get(APP) ?? 0) + 1 };

  using open = await openConnection(lake);
  const { connection } = open;
  const unreadable = await readBatches(lake, connection, batches).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (unreadable !== undefined) return afterUnreadable(lake, batches, unreadable, signal);
  const ids = "select id from incoming";
  const known = await snapshot.readSql({ columns: ["id", "batch"] });
  await connection.run(
    `create temp table known as select id, min(batch) as batch from (${known}) where id in (${ids}) group by id`,
  );
  await connection.run(freshSql);
  const again = await countAgain(connection);
  const conflicting = again > 0 ? await recordConflicts(lake, connection, await snapshot.readSql()) : 0;
  if (again > 0) await recordRepetitions(lake, connection);

  const result = await table.append(
    { sql: "select * from fresh order by happened_at", connection },
    { txn, ...(signal && { signal }), info: { batches: batches.length, conflicting } },
  );
  if (result.outcome === "already-applied") return nothingAppended;
  for (const { key } of batches) await lake.storage.delete(key);
  return {
    events: result.rows.inserted,
    batches: batches.length,
    duplicates: again - conflicting,
    conflicting,
  };
}

/** Another run took them, or one of them is no JSON: that one is set aside, so that it does not hold up the others. */
async function afterUnreadable(
  lake: Lake,
  batches: readonly StoredObject[],
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<Appended> {
  const found = await Promise.all(batches.map(({ key }) => lake.storage.stat(key)));
  if (found.includes(undefined)) return nothingAppended;
  const [only] = batches;
  if (!only || !/malformed|invalid input|conversion/i.test(String(error))) throw error;
  if (batches.length === 1) {
    await lake.storage.put(
      `_observer/unreadable/${batchName(only.key)}.ndjson`,
      await lake.storage.get(only.key),
    );
    await lake.storage.delete(only.key);
    return { ...nothingAppended, batches: 1 };
  }
  const sum = { ...nothingAppended };
  for (const batch of batches) {
    const one = await appendBatches(lake, [batch], signal);
    for (const name of ["events", "batches", "duplicates", "conflicting"] as const) sum[name] += one[name];
  }
  return sum;
}

async function readBatches(
  lake: Lake,
  connection: DuckDBConnection,
  batches: readonly StoredObject[],
): Promise<void> {
  const keys = batches.map(({ key }) => key);
  const duckTypes = { string: "varchar", boolean: "boolean", double: "double", long: "bigint" } as const;
  const columns = Object.entries(sentColumns).map(([name, type]) => `${name}: '${duckTypes[type]}'`);
  const paths = await Promise.all(keys.map((key) => lake.storage.localPath(key)));
  const named = keys.map((key, at) => `(${quote(paths[at] ?? "")}, ${quote(batchName(key))})`);
  await connection.run(
    `create temp table incoming as
     select sent.* exclude (filename), named.batch
     from read_json([${paths.map(quote).join(", ")}], format = 'newline_delimited', filename = true,
       columns = {${columns.join(", ")}, timestamp: 'bigint', place: 'bigint'}) as sent
     join (values ${named.join(", ")}) as named(path, batch) on named.path = sent.filename`,
  );
}

const stored = (batch: string) => `epoch_ms(left(${batch}, 14)::bigint)`;
/** Events of one body came in its order; what says no time happened in that order, too. */
const received = `${stored("batch")} + to_microseconds(coalesce(place, 0))`;
const happened = `coalesce(epoch_ms(timestamp), ${received})`;

/** The rows as the table has them, of ids that it does not have; of several batches with one id the first. */
const freshSql = `create temp table fresh as
  with first as (
    select * from incoming where id not in (select id from known)
    qualify row_number() over (partition by id order by batch) = 1
  ), dated as (
    select * replace (
        coalesce(sig_hash, sha256(signature_text(event_kind, role, count, city, state))) as sig_hash),
      ${happened} as happened_at,
      ${received} as received_at,
      case when not success then coalesce(nullif(fold_error(error), ''), 'no message') end as error_pattern
    from first
  )
  select * exclude (timestamp, place),
    case when happened_at > received_at + interval '${AHEAD}' then 'ahead'
         when happened_at < received_at - interval '${LATE}' then 'late' end as mark,
    case when not success
      then left(sha256(concat_ws(chr(31), event_kind, sig_hash, error_pattern)), 16) end as error_group,
    sha256(config) as config_hash
  from dated`;

const Count = z.object({ count: z.bigint() });

/** How many came under an id that another event had before. */
async function countAgain(connection: DuckDBConnection): Promise<number> {
  const [found] = await queryRows(
    connection,
    Count,
    `select (select count(*) from incoming) - (select count(*) from fresh)
       - (select count(*) from incoming join known using (id, batch)) as count`,
  );
  return Number(found?.count ?? 0n);
}

/** Rows are named by batch, so that a run which takes a batch once more counts nothing twice. */
async function recordRepetitions(lake: Lake, connection: DuckDBConnection): Promise<void> {
  const table = await repetitionsTable(lake);
  const counted = `select batch, count(*) - coalesce(any_value(conflicts), 0) as duplicates,
      coalesce(any_value(conflicts), 0) as conflicting
    from incoming anti join fresh using (id, batch) anti join known using (id, batch)
    left join (select batch, count(*) as conflicts from conflicting group by batch) using (batch)
    group by batch`;
  await table.merge({ sql: counted, connection }, { key: ["batch"] });
}

/** What the sender leaves to us is no difference, and nor is what stands under two names. */
const compared = Object.keys(sentColumns).filter((name) => name !== "sig_hash" && name !== "id");
const listed = (of: string) => compared.map((name) => `${of}.${name}`).join(", ");

/** Records those that came with another content than the first. Rows are named by id and batch, so once. */
async function recordConflicts(lake: Lake, connection: DuckDBConnection, eventsSql: string): Promise<number> {
  await connection.run(
    `create temp table kept as
       select id, batch, happened_at, ${compared.join(", ")} from (${eventsSql}) where id in (select id from known)
       union all select id, batch, happened_at, ${compared.join(", ")} from fresh`,
  );
  await connection.run(
    `create temp table conflicting as
     select incoming.id, incoming.batch, kept.batch as kept_batch, ${stored("incoming.batch")} as received_at,
       incoming.source, incoming.event_kind
     from incoming join kept on kept.id = incoming.id and kept.batch <> incoming.batch
     where (${listed("incoming")}) is distinct from (${listed("kept")})
       or epoch_ms(incoming.timestamp) <> kept.happened_at::timestamp`,
  );
  const [found] = await queryRows(connection, Count, "select count(*) as count from conflicting");
  if (!found || found.count === 0n) return 0;
  const table = await conflictsTable(lake);
  await table.merge({ sql: "select * from conflicting", connection }, { key: ["id", "batch"] });
  return Number(found.count);
}
