import type { RowStream } from "../stream-rows.ts";
import { type Cell, cellText } from "./cell.ts";
import { rowsOf } from "./rows.ts";

/** RFC 4180 with a heading. A null is an empty field, an empty text is quoted. */
export async function* encodeCsv(result: RowStream): AsyncGenerator<string> {
  yield `${result.columns.map(({ name }) => field(name)).join(",")}\r\n`;
  for await (const rows of rowsOf(result)) {
    yield rows.map((row) => `${row.map(field).join(",")}\r\n`).join("");
  }
}

function field(cell: Cell): string {
  if (cell === null) return "";
  const text = cellText(cell);
  return text === "" || /[",\r\n]/.test(text) || text !== text.trim()
    ? `"${text.replaceAll('"', '""')}"`
    : text;
}
