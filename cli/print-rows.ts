import { once } from "node:events";
import type { Cell } from "../data/sql/formats/cell.ts";
import type { Output } from "./output.ts";
import { plural } from "./quantities.ts";
import { layOut, type ResultColumn, type ResultTable } from "./result-table.ts";

/** Prints rows as a table for people, laid out by the first of them. */
export async function printRows(
  output: Output,
  columns: readonly ResultColumn[],
  batches: AsyncIterable<readonly Cell[][]>,
  rowCount: number,
): Promise<void> {
  const { stdout } = output.streams;
  const width = (stdout.isTTY && stdout.columns) || Number.POSITIVE_INFINITY;
  let table: ResultTable | undefined;
  for await (const batch of batches) {
    const first = table === undefined;
    table ??= layOut(columns, batch, { width, paint: output.paint });
    const lines = batch.map(table.line);
    await send(output, `${(first ? [table.heading, ...lines] : lines).join("\n")}\n`);
  }
  table ??= layOut(columns, [], { width, paint: output.paint });
  if (rowCount === 0) await send(output, `${table.heading}\n`);
  const hidden = table.hidden.length > 0 ? `; no room for ${table.hidden.join(", ")}` : "";
  output.say(`${plural(rowCount, "row")}${hidden}`);
}

/** Writes a result to standard output piece by piece, as fast as it is read. */
export async function sendPieces(output: Output, pieces: AsyncIterable<string | Uint8Array>): Promise<void> {
  for await (const piece of pieces) await send(output, piece);
}

async function send({ streams }: Output, piece: string | Uint8Array): Promise<void> {
  if (!streams.stdout.write(piece)) await once(streams.stdout, "drain");
}
