import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from "@duckdb/node-api";

/** A value as JSON can hold it without loss; docs/sql.md has the table. */
export type Cell = null | boolean | number | string | readonly Cell[] | { readonly [name: string]: Cell };

export function cellOf(value: DuckDBValue): Cell {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return nestedCell(value) ?? timeCell(value) ?? binaryCell(value) ?? String(value);
}

/** A cell where only text can stand: strings as they are, lists and objects as JSON. */
export function cellText(cell: Cell): string {
  if (cell === null) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

type ObjectValue = Exclude<DuckDBValue, null | boolean | string | number | bigint>;

function nestedCell(value: ObjectValue): Cell | undefined {
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(cellOf);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, item]) => [name, cellOf(item)]));
  }
  if (value instanceof DuckDBMapValue) return mapCell(value);
  if (value instanceof DuckDBUnionValue) return { [value.tag]: cellOf(value.value) };
  return undefined;
}

/** An object when the keys are text, which JSON's are; else pairs. */
function mapCell({ entries }: DuckDBMapValue): Cell {
  const pairs = entries.map(({ key, value }): [Cell, Cell] => [cellOf(key), cellOf(value)]);
  const named = entries.every(({ key }) => typeof key === "string");
  return named ? Object.fromEntries(pairs.map(([key, value]) => [String(key), value])) : pairs;
}

function timeCell(value: ObjectValue): string | undefined {
  if (value instanceof DuckDBDateValue) return isoDate(value);
  if (value instanceof DuckDBTimestampTZValue) return isoTime(value.micros * 1000n, "Z");
  if (value instanceof DuckDBTimestampValue) return isoTime(value.micros * 1000n, "");
  if (value instanceof DuckDBTimestampSecondsValue) return isoTime(value.seconds * 1_000_000_000n, "");
  if (value instanceof DuckDBTimestampMillisecondsValue) return isoTime(value.millis * 1_000_000n, "");
  if (value instanceof DuckDBTimestampNanosecondsValue) return isoTime(value.nanos, "");
  return undefined;
}

function binaryCell(value: ObjectValue): string | undefined {
  return value instanceof DuckDBBlobValue ? Buffer.from(value.bytes).toString("base64") : undefined;
}

const DAY_MS = 86_400_000;
const MILLISECOND_NS = 1_000_000n;
/** The engine's ends of time: its infinities, and the lowest number, are no moments. */
const INFINITE_DAYS = 2_147_483_647;
const INFINITE_NS = 9_223_372_036_854_775_807n;

function isoDate(value: DuckDBDateValue): string {
  if (value.days === INFINITE_DAYS) return "infinity";
  if (value.days === -INFINITE_DAYS) return "-infinity";
  const date = new Date(value.days * DAY_MS);
  return Number.isNaN(date.getTime()) ? String(value) : (date.toISOString().split("T")[0] ?? "");
}

/** ISO 8601 with as many digits of the second as are not zero, three at a time; years beyond 9999 have a sign. */
function isoTime(nanoseconds: bigint, zone: string): string {
  if (isInfinite(nanoseconds)) return nanoseconds > 0 ? "infinity" : "-infinity";
  let milliseconds = nanoseconds / MILLISECOND_NS;
  if (nanoseconds % MILLISECOND_NS < 0) milliseconds -= 1n;
  const rest = nanoseconds - milliseconds * MILLISECOND_NS;
  const date = new Date(Number(milliseconds));
  if (Number.isNaN(date.getTime())) return `${milliseconds} ms since 1970`;
  const [day = "", time = ""] = date.toISOString().slice(0, -1).split("T");
  const fraction = `${time.slice(9)}${String(rest).padStart(6, "0")}`.replace(/(?:000){1,3}$/, "");
  return `${day}T${time.slice(0, 8)}${fraction && `.${fraction}`}${zone}`;
}

/** Infinity is the largest number of the column's own unit. */
function isInfinite(nanoseconds: bigint): boolean {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  return size === INFINITE_NS || size === INFINITE_NS * 1000n;
}
