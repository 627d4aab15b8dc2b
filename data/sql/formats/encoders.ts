import type { RowStream } from "../stream-rows.ts";
import { encodeArrow } from "./arrow.ts";
import { encodeCsv } from "./csv.ts";
import { encodeCells, encodeJson, encodeNdjson } from "./json.ts";
import type { FormatName } from "./names.ts";

type Encode = (rows: RowStream) => AsyncIterable<string | Uint8Array>;

/** `cells` is for our own reading: a list of rows a line, each a list of values. */
export type PieceFormat = FormatName | "cells";

/** Writers of rows; a piece is only made when the one before it has been taken. Parquet is the engine's to write. */
export const encoders: Readonly<Record<Exclude<PieceFormat, "parquet">, Encode>> = {
  json: encodeJson,
  ndjson: encodeNdjson,
  csv: encodeCsv,
  arrow: encodeArrow,
  cells: encodeCells,
};
