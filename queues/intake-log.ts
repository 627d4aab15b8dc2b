import { setImmediate as turn } from "node:timers/promises";
import { INTAKE_PREFIX, type IntakeLine, type IntakeRecord, writeSegment } from "./intake.ts";
import { workOf } from "./job-id.ts";
import { isMissing, type RecordStore } from "./record-store.ts";

const SEGMENT_LINES = 5_000;
const MANY_SEGMENTS = 16;
/** A mark may be listed before its record is; after this long no record of it will come. */
const MARKS_KEPT_MS = 60 * 60 * 1_000;

export interface IntakeLog {
  /** The segments that were read. */
  readonly keys: readonly string[];
  readonly lines: number;
  /** Accepted and not known to have ended. */
  readonly pending: ReadonlyMap<string, IntakeRecord>;
  /** Marks of jobs whose records were not among the segments. */
  readonly strayMarks: ReadonlyMap<string, number>;
}

export async function readIntake(store: RecordStore): Promise<IntakeLog> {
  const keys: string[] = [];
  for await (const { key } of store.list(INTAKE_PREFIX)) keys.push(key);

  const accepted = new Map<string, IntakeRecord>();
  const ended = new Map<string, number>();
  let lines = 0;
  for (const key of keys) {
    for (const line of await readSegment(store, key)) {
      lines += 1;
      if ("accepted" in line) keepNewest(accepted, line.accepted);
      else ended.set(line.ended, Math.max(line.at, ended.get(line.ended) ?? 0));
    }
    await turn();
  }

  const pending = new Map<string, IntakeRecord>();
  for (const [id, record] of accepted) if ((ended.get(id) ?? -1) < record.at) pending.set(id, record);
  const strayMarks = new Map([...ended].filter(([id]) => !accepted.has(id)));
  return { keys, lines, pending, strayMarks };
}

/**
 * Of pending requests for the same work the newest stands for all: it starts after every one of them was asked for.
 * Answers those that it stands for.
 */
export function superseded(pending: ReadonlyMap<string, IntakeRecord>): string[] {
  const newest = new Map<string, IntakeRecord>();
  for (const record of pending.values()) {
    const work = workOf(record.id) ?? record.id;
    const other = newest.get(work);
    if (!other || other.at <= record.at) newest.set(work, record);
  }
  const standing = new Set([...newest.values()].map(({ id }) => id));
  return [...pending.keys()].filter((id) => !standing.has(id));
}

/**
 * Writes what is pending into few segments and deletes those that were read. What is new is durable before what is old
 * goes, and two processes that do this at once leave some records twice, which is the same as once.
 */
export async function compact(
  store: RecordStore,
  log: IntakeLog,
  pending: readonly IntakeRecord[],
): Promise<boolean> {
  const marks = [...log.strayMarks].filter(([, at]) => Date.now() - at < MARKS_KEPT_MS);
  const kept: IntakeLine[] = [
    ...pending.map((accepted) => ({ accepted })),
    ...marks.map(([ended, at]) => ({ ended, at })),
  ];
  if (log.keys.length < MANY_SEGMENTS && log.lines <= 2 * kept.length + SEGMENT_LINES) return false;

  for (let from = 0; from < kept.length; from += SEGMENT_LINES) {
    const chunk = kept.slice(from, from + SEGMENT_LINES);
    await writeSegment(
      store,
      chunk.map((line) => JSON.stringify(line)),
    );
  }
  // In their order, so that a mark never goes before the record it settles.
  for (const key of log.keys) await store.delete(key);
  return true;
}

async function readSegment(store: RecordStore, key: string): Promise<IntakeLine[]> {
  try {
    const text = (await store.get(key)).toString("utf8");
    return text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as IntakeLine]));
  } catch (error) {
    // Another process has compacted it meanwhile, and all that was pending in it is in a newer segment.
    if (isMissing(error)) return [];
    throw error;
  }
}

function keepNewest(records: Map<string, IntakeRecord>, record: IntakeRecord): void {
  const known = records.get(record.id);
  if (!known || known.at <= record.at) records.set(record.id, record);
}
