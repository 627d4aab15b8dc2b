import { z } from "zod";
import { eventLimits, type ObserverEvent } from "./event.ts";

const isoTime = z.iso.datetime({ offset: true });

const text = (least: number, most: number) => (value: unknown) =>
  typeof value === "string" && value.length >= least && value.length <= most;
const word = text(1, 128);
const place = text(1, 100);
const summary = text(0, 2_000);
const whole = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1e9;
const flag = (value: unknown) => typeof value === "boolean";
const record = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const { firstMs, lastMs } = eventLimits;

const checks: { readonly [Name in keyof ObserverEvent]-?: (value: unknown) => boolean } = {
  id: word,
  timestamp: (value) =>
    typeof value === "number" ? value >= firstMs && value <= lastMs : isoTime.safeParse(value).success,
  source: word,
  event_kind: word,
  success: flag,
  endpoint: text(0, 200),
  duration_ms: (value) => typeof value === "number" && value >= 0 && value <= 1e12,
  input_summary: summary,
  output_summary: summary,
  error: text(0, 4_000),
  staffer_id: word,
  run_id: word,
  sig_hash: (value) => typeof value === "string" && /^[0-9a-f]{64}$/.test(value),
  role: place,
  city: place,
  state: place,
  count: whole,
  filled: whole,
  turns: whole,
  citations: whole,
  rescue_attempted: flag,
  rescue_succeeded: flag,
  config: record,
  recalled: (value) => Array.isArray(value) && value.length <= 20 && value.every(word),
  attributes: record,
};
const checkOf = new Map(Object.entries(checks));

/**
 * Whether a value is an event beyond doubt, in a fifth of the time that its schema takes; most are. The schema judges the
 * others, and says what is wrong with them. A test holds one against the other.
 */
export function isPlainEvent(value: unknown): value is ObserverEvent {
  if (!record(value)) return false;
  for (const [name, field] of Object.entries(value as object)) {
    const check = checkOf.get(name);
    if (!check?.(field)) return false;
  }
  const { source, event_kind, success } = value as Partial<ObserverEvent>;
  return source !== undefined && event_kind !== undefined && success !== undefined;
}
