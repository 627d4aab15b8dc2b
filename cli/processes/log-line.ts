import type { Colour, Paint } from "../paint.ts";

/** What pino writes; every other line is shown as it came. */
interface LogRecord {
  readonly level: number;
  readonly time: number;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

const levels: readonly { readonly from: number; readonly name: string; readonly colour: Colour }[] = [
  { from: 60, name: "fatal", colour: "red" },
  { from: 50, name: "error", colour: "red" },
  { from: 40, name: "warn ", colour: "yellow" },
  { from: 30, name: "info ", colour: "green" },
  { from: 20, name: "debug", colour: "blue" },
  { from: 0, name: "trace", colour: "dim" },
];

/** Said by the process's name and the line's own beginning, or by nobody's wish. */
const unshown = new Set(["level", "time", "msg", "pid", "hostname", "v", "name", "stack"]);

/** One line of a process's log for a person: `09:14:02.123 info  merged table=silver.patient rows=120`. */
export function renderLogLine(line: string, paint: Paint): string {
  const record = parseRecord(line);
  if (!record) return line;
  const level = levels.find(({ from }) => record.level >= from);
  const fields = Object.entries(record)
    .filter(([field]) => !unshown.has(field))
    .map(([field, value]) => paint("dim", `${field}=`) + renderValue(value));
  const clock = paint("dim", new Date(record.time).toTimeString().slice(0, 8));
  const parts = [clock, level ? paint(level.colour, level.name) : "", record.msg ?? "", ...fields];
  return parts.filter((part) => part !== "").join(" ");
}

/** A line that is not a record matters as much as an error does: it is how a process speaks that cannot log. */
export function levelOf(line: string): number {
  return parseRecord(line)?.level ?? 50;
}

function parseRecord(line: string): LogRecord | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const record: unknown = JSON.parse(line);
    return isRecord(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is LogRecord {
  if (typeof value !== "object" || value === null) return false;
  return (
    "level" in value && typeof value.level === "number" && "time" in value && typeof value.time === "number"
  );
}

function renderValue(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if ("message" in value && typeof value.message === "string") return JSON.stringify(value.message);
  return JSON.stringify(value);
}
