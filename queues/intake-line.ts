import { z } from "zod";
import { type PoolName, poolNames } from "./pools.ts";

/** A root job that was accepted: all it takes to queue it again. */
export interface IntakeRecord {
  readonly id: string;
  readonly kind: string;
  readonly pool: PoolName;
  /** The input as JSON, made once: it is written to the lake and to Redis, and nobody here looks into it. */
  readonly inputJson: string;
  readonly attempts: number;
  readonly backoffMs: number;
  readonly at: number;
}

/** One line of a segment: a job was accepted, or a job has ended. */
export type IntakeLine =
  | { readonly accepted: IntakeRecord }
  | { readonly ended: string; readonly at: number };

/** JSON has no text for what is undefined. */
export function jsonOf(input: unknown): string {
  return JSON.stringify(input) ?? "null";
}

export function writeLine(line: IntakeLine): string {
  if ("ended" in line) return JSON.stringify(line);
  const { id, kind, pool, inputJson, attempts, backoffMs, at } = line.accepted;
  const texts = `"id":${jsonOf(id)},"kind":${jsonOf(kind)},"pool":"${pool}"`;
  return `{"accepted":{${texts},"attempts":${attempts},"backoffMs":${backoffMs},"at":${at},"input":${inputJson}}}`;
}

/** What no version of ours has written comes back as it is, for somebody to look at. */
export function readLine(text: string): IntakeLine | UnreadableLine {
  const read = WrittenLine.safeParse(jsonIn(text));
  if (!read.success) return { unreadable: text };
  if ("ended" in read.data) return read.data;
  const { input, ...rest } = read.data.accepted;
  return { accepted: { ...rest, inputJson: jsonOf(input) } };
}

export interface UnreadableLine {
  readonly unreadable: string;
}

const WrittenLine = z.union([
  z.object({
    accepted: z.object({
      id: z.string().min(1),
      kind: z.string().min(1),
      pool: z.enum(poolNames),
      input: z.unknown().optional(),
      attempts: z.number(),
      backoffMs: z.number(),
      at: z.number(),
    }),
  }),
  z.object({ ended: z.string(), at: z.number() }),
]);

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
