import type { PoolName } from "./pools.ts";

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

export function readLine(text: string): IntakeLine {
  const line = JSON.parse(text) as WrittenLine;
  if ("ended" in line) return line;
  const { input, ...rest } = line.accepted;
  return { accepted: { ...rest, inputJson: jsonOf(input) } };
}

type WrittenLine =
  | { readonly accepted: Omit<IntakeRecord, "inputJson"> & { readonly input: unknown } }
  | Extract<IntakeLine, { readonly ended: string }>;
