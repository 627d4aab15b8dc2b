import { setImmediate as turn } from "node:timers/promises";
import { INTAKE_PREFIX, sealedKeyOf, UNREADABLE_PREFIX, writeSegment } from "./intake.ts";
import {
  type IntakeLine,
  type IntakeRecord,
  readLine,
  type UnreadableLine,
  writeLine,
} from "./intake-line.ts";
import { workOf } from "./job-id.ts";
import { isMissing, type RecordStore } from "./record-store.ts";

const SEGMENT_LINES = 5_000;
const MANY_SEGMENTS = 16;
/** A mark may be listed before its record is; after this long no record of it will come. */
const MARKS_KEPT_MS = 60 * 60 * 1_000;

export interface IntakeLog {
  /** The segments that were read, and how many lines of each. */
  readonly segments: ReadonlyMap<string, number>;
  readonly lines: number;
  /** Accepted and not known to have ended. */
  readonly pending: ReadonlyMap<string, IntakeRecord>;
  /** Marks of jobs whose records were not among the segments. */
  readonly strayMarks: ReadonlyMap<string, number>;
  /** Lines that nobody of ours has written. They are in nobody's way, and never thrown away. */
  readonly unreadable: readonly string[];
}

export async function readIntake(store: RecordStore): Promise<IntakeLog> {
  const keys: string[] = [];
  for await (const { key } of store.list(INTAKE_PREFIX)) keys.push(key);

  const accepted = new Map<string, IntakeRecord>();
  const ended = new Map<string, number>();
  const segments = new Map<string, number>();
  const unreadable: string[] = [];
  let lines = 0;
  for (const key of keys) {
    const read = await readSegment(store, key);
    segments.set(key, read.length);
    lines += read.length;
    for (const line of read) {
      if ("unreadable" in line) unreadable.push(line.unreadable);
      else if ("accepted" in line) keepNewest(accepted, line.accepted);
      else ended.set(line.ended, Math.max(line.at, ended.get(line.ended) ?? 0));
    }
    await turn();
  }

  const pending = new Map([...accepted].filter(([id, { at }]) => (ended.get(id) ?? -1) < at));
  const strayMarks = new Map([...ended].filter(([id]) => !accepted.has(id)));
  return { segments, lines, pending, strayMarks, unreadable };
}

/**
 * Of pending requests for the same work the newest stands for all: it starts after every one of them was asked for.
 * Answers those that it stands for.
 */
export function superseded(pending: ReadonlyMap<string, IntakeRecord>): IntakeRecord[] {
  const newest = new Map<string, IntakeRecord>();
  for (const record of pending.values()) {
    const work = workOf(record.id) ?? record.id;
    const other = newest.get(work);
    if (!other || other.at <= record.at) newest.set(work, record);
  }
  const standing = new Set([...newest.values()].map(({ id }) => id));
  return [...pending.values()].filter(({ id }) => !standing.has(id));
}

/**
 * Writes what is pending into few segments and deletes those that were read. What is new is durable before what is old
 * goes, and two processes that do this at once leave some records twice, which is the same as once. A segment that grows
 * is sealed before it is read to its end, so that its writer knows what was not read.
 */
export async function compact(
  store: RecordStore,
  log: IntakeLog,
  pending: readonly IntakeRecord[],
): Promise<boolean> {
  const marks = [...log.strayMarks].filter(([, at]) => Date.now() - at < MARKS_KEPT_MS);
  const unreadable = [...log.unreadable];
  const kept: IntakeLine[] = [
    ...pending.map((accepted) => ({ accepted })),
    ...marks.map(([ended, at]) => ({ ended, at })),
  ];
  if (log.segments.size < MANY_SEGMENTS && log.lines <= 2 * kept.length + SEGMENT_LINES) return false;

  const { late, read } = await sealAll(store, log.segments);
  for (const line of late) {
    if ("unreadable" in line) unreadable.push(line.unreadable);
    else kept.push(line);
  }

  await writeSegments(store, INTAKE_PREFIX, kept.map(writeLine));
  await writeSegments(store, UNREADABLE_PREFIX, unreadable);
  // In their order, so that a mark never goes before the record it settles.
  for (const key of read) await store.delete(key);
  return true;
}

async function writeSegments(store: RecordStore, prefix: string, lines: readonly string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += SEGMENT_LINES) {
    await writeSegment(store, lines.slice(from, from + SEGMENT_LINES), prefix);
  }
}

/** What was added since they were read, and the segments of which every line is known now. */
async function sealAll(
  store: RecordStore,
  segments: IntakeLog["segments"],
): Promise<{ late: ReadLine[]; read: string[] }> {
  const late: ReadLine[] = [];
  const read: string[] = [];
  for (const [key, lines] of segments) {
    const sealed = store.logs && sealedKeyOf(key);
    if (!sealed) read.push(key);
    else if (await store.logs?.seal(key, sealed)) {
      late.push(...(await readSegment(store, sealed)).slice(lines));
      read.push(sealed);
    }
  }
  return { late, read };
}

type ReadLine = IntakeLine | UnreadableLine;

async function readSegment(store: RecordStore, key: string): Promise<ReadLine[]> {
  try {
    const text = (await store.get(key)).toString("utf8");
    return linesOf(text);
  } catch (error) {
    // Another process has compacted it meanwhile, and all that was pending in it is in a newer segment.
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The last line may be half of one: its writer is at it, or died, and has promised nothing. */
function linesOf(text: string): ReadLine[] {
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole.split("\n").flatMap((line) => (line === "" ? [] : [readLine(line)]));
}

function keepNewest(records: Map<string, IntakeRecord>, record: IntakeRecord): void {
  const known = records.get(record.id);
  if (!known || known.at <= record.at) records.set(record.id, record);
}
