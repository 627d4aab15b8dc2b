import type { Column, DeltaType } from "./table.ts";

/** What `COPY … (RETURN_STATS)` tells of one leaf column, by DuckDB's own names and in its own words. */
export interface LeafStatistics {
  readonly min?: string;
  readonly max?: string;
  readonly nullCount?: string;
  readonly hasNan?: boolean;
}

/** Longer strings are cut, as other writers do: bounds are for skipping files, not for reading values. */
const STRING_CHARACTERS = 32;
const GREATEST_CHARACTER = "\u{10FFFF}";

/**
 * The `stats` of an `add`, as JSON text. It is put together as text because `JSON.stringify` has no way to write
 * the digits of an int64 or a decimal. `leaves` is keyed by DuckDB's quoted paths (`"a"."b"`).
 */
export function statisticsJson(
  rows: bigint,
  columns: readonly Column[],
  leaves: ReadonlyMap<string, LeafStatistics>,
): string {
  const group = (name: string, leafText: (type: DeltaType, leaf: LeafStatistics) => string | undefined) =>
    `${JSON.stringify(name)}:${objectOf(columns, "", leaves, leafText) ?? "{}"}`;

  return `{${[
    `"numRecords":${rows}`,
    group("minValues", (type, leaf) => lowerBound(type, leaf)),
    group("maxValues", (type, leaf) => upperBound(type, leaf)),
    group("nullCount", (_type, { nullCount }) => nullCount),
  ].join(",")}}`;
}

/**
 * Mirrors the columns. Lists and maps are left out: what DuckDB counts there are the nulls among their elements,
 * while `nullCount` means the rows where the column itself is null.
 */
function objectOf(
  columns: readonly Column[],
  parent: string,
  leaves: ReadonlyMap<string, LeafStatistics>,
  leafText: (type: DeltaType, leaf: LeafStatistics) => string | undefined,
): string | undefined {
  const fields: string[] = [];
  for (const { name, type } of columns) {
    const path = `${parent}"${name.replaceAll('"', '""')}"`;
    const text = textOf(type, path, leaves, leafText);
    if (text !== undefined) fields.push(`${JSON.stringify(name)}:${text}`);
  }
  return fields.length > 0 ? `{${fields.join(",")}}` : undefined;
}

function textOf(
  type: DeltaType,
  path: string,
  leaves: ReadonlyMap<string, LeafStatistics>,
  leafText: (type: DeltaType, leaf: LeafStatistics) => string | undefined,
): string | undefined {
  if (typeof type === "string") {
    const leaf = leaves.get(path);
    return leaf && leafText(type, leaf);
  }
  return type.type === "struct" ? objectOf(type.fields, `${path}.`, leaves, leafText) : undefined;
}

function lowerBound(type: DeltaType, { min }: LeafStatistics): string | undefined {
  if (min === undefined) return undefined;
  if (type !== "string") return valueText(type, min);
  return JSON.stringify([...min].slice(0, STRING_CHARACTERS).join(""));
}

/** NaN is the greatest value and no bound can be written for it, so a column that has one has no maximum. */
function upperBound(type: DeltaType, { max, hasNan }: LeafStatistics): string | undefined {
  if (max === undefined || hasNan) return undefined;
  if (type !== "string") return valueText(type, max);
  const characters = [...max];
  if (characters.length <= STRING_CHARACTERS) return JSON.stringify(max);
  if (characters[STRING_CHARACTERS] === GREATEST_CHARACTER) return undefined;
  return JSON.stringify(`${characters.slice(0, STRING_CHARACTERS).join("")}${GREATEST_CHARACTER}`);
}

/** A value in DuckDB's words as JSON; undefined for what has no safe form, which readers take for unknown. */
function valueText(type: DeltaType, text: string): string | undefined {
  switch (type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return /^-?\d+$/.test(text) ? text : undefined;
    case "float":
    case "double":
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? text : undefined;
    case "boolean":
      if (text === "1" || text === "true") return "true";
      return text === "0" || text === "false" ? "false" : undefined;
    case "date":
      return quoted(dateText(text));
    case "timestamp":
      return quoted(timestampText(/^(.*)\+00$/.exec(text)?.[1], "Z"));
    case "timestamp_ntz":
      return quoted(timestampText(text, ""));
    default:
      return isDecimal(type) && /^-?\d+(\.\d+)?$/.test(text) ? text : undefined;
  }
}

function isDecimal(type: DeltaType): boolean {
  return typeof type === "string" && type.startsWith("decimal");
}

/** DuckDB calls the year 0000 `0001 (BC)`; other readers know no year before it and none above 9999. */
function dateText(text: string): string | undefined {
  const parts = /^(\d{4})(-\d\d-\d\d)( \(BC\))?$/.exec(text);
  if (!parts) return undefined;
  const [, year, rest, bc] = parts;
  if (bc === undefined) return `${year}${rest}`;
  return year === "0001" ? `0000${rest}` : undefined;
}

/** Cut to milliseconds, the maximum too: the protocol's readers know it and look one millisecond further. */
function timestampText(text: string | undefined, zone: string): string | undefined {
  const parts = /^(\d+-\d\d-\d\d(?: \(BC\))?) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/.exec(text ?? "");
  if (!parts) return undefined;
  const [, day = "", time, fraction = ""] = parts;
  const date = dateText(day);
  return date && `${date}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}${zone}`;
}

function quoted(text: string | undefined): string | undefined {
  return text && JSON.stringify(text);
}
