import { setImmediate } from "node:timers/promises";
import type { RowStream } from "../stream-rows.ts";
import { type Cell, cellOf } from "./cell.ts";

/** So many cells are converted before other work of the process gets its turn. */
const CELLS_AT_ONCE = 4_000;

/** The rows of a result in small batches. */
export async function* rowsOf(result: RowStream): AsyncGenerator<Cell[][]> {
  const rowsAtOnce = Math.max(1, Math.floor(CELLS_AT_ONCE / Math.max(1, result.columns.length)));
  for await (const chunk of result.chunks()) {
    for (let start = 0; start < chunk.rowCount; start += rowsAtOnce) {
      const rows: Cell[][] = [];
      for (let row = start; row < Math.min(start + rowsAtOnce, chunk.rowCount); row += 1) {
        rows.push(chunk.getRowValues(row).map(cellOf));
      }
      yield rows;
      await setImmediate();
    }
  }
}
