import { type Cell, cellText } from "../data/sql/formats/cell.ts";
import type { Paint } from "./paint.ts";

const WIDEST_CELL = 60;
const NARROWEST_CELL = 6;
const GAP = 2;

export interface ResultColumn {
  readonly name: string;
  /** The engine's type, as a text or as what turns into one. */
  readonly type: { toString(): string };
}

export interface ResultTable {
  readonly heading: string;
  line(row: readonly Cell[]): string;
  /** Columns that found no room. */
  readonly hidden: readonly string[];
}

/** Lays out the columns by what the first rows hold and, on a terminal, by its width. */
export function layOut(
  columns: readonly ResultColumn[],
  sample: readonly (readonly Cell[])[],
  { width, paint }: { width: number; paint: Paint },
): ResultTable {
  const wanted = columns.map(({ name }, at) =>
    Math.min(
      WIDEST_CELL,
      Math.max(textWidth(printable(name)), ...sample.map((row) => textWidth(cellLine(row[at])))),
    ),
  );
  const widths = fitWidths(wanted, width);
  const right = columns.map(({ type }) => /INT|DOUBLE|FLOAT|DECIMAL/.test(String(type)));
  const put = (text: string, at: number) =>
    pad(cut(text, widths[at] ?? 0), widths[at] ?? 0, right[at] === true);
  const join = (cells: readonly string[]) => cells.join(" ".repeat(GAP)).trimEnd();
  return {
    heading: join(widths.map((_, at) => paint("dim", put(printable(columns[at]?.name ?? ""), at)))),
    line: (row) =>
      join(
        widths.map((_, at) =>
          row[at] === null ? paint("dim", put("null", at)) : put(cellLine(row[at]), at),
        ),
      ),
    hidden: columns.slice(widths.length).map(({ name }) => name),
  };
}

/** Takes from the widest columns until all fit, then leaves out the last ones. */
function fitWidths(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  const total = () => widths.reduce((sum, each) => sum + each, 0) + GAP * (widths.length - 1);
  while (total() > width) {
    const widest = Math.max(...widths);
    if (widest > NARROWEST_CELL) widths[widths.lastIndexOf(widest)] = widest - 1;
    else if (widths.length > 1) widths.pop();
    else break;
  }
  return widths;
}

function cellLine(cell: Cell | undefined): string {
  return cell === null || cell === undefined ? "null" : printable(cellText(cell));
}

/** A cell must not move the cursor or colour the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => (character === "\n" ? "↵" : "·"));
}

const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

function characterWidth(character: string): number {
  if (/\p{Mark}/u.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let taken = "";
  let used = 0;
  for (const character of text) {
    used += characterWidth(character);
    if (used > width - 1) break;
    taken += character;
  }
  return `${taken}…`;
}

function pad(text: string, width: number, right: boolean): string {
  const gap = " ".repeat(Math.max(0, width - textWidth(text)));
  return right ? gap + text : text + gap;
}
