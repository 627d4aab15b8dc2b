import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { DataError } from "../../errors.ts";
import type { SourceFile } from "./source-file.ts";

const CHUNK_BYTES = 1 << 20;

/** A gzip that is damaged or cut short. */
export class BrokenGzipError extends DataError {
  override readonly name = "BrokenGzipError";
}

/**
 * Whether the file is UTF-8 in every byte; DuckDB looks only at the fields it is asked for. A damaged gzip is an
 * error: DuckDB loads what comes before a cut without a word.
 */
export async function isWholeAndUtf8(file: SourceFile, signal?: AbortSignal): Promise<boolean> {
  const raw = createReadStream(file.path, { highWaterMark: CHUNK_BYTES, ...(signal && { signal }) });
  const content = file.gzipped ? raw.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : raw;
  raw.on("error", (error) => content.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  let valid = true;
  try {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      if (!valid && !file.gzipped) break;
      // A line end is never part of a longer character, so the text may be cut there.
      const end = chunk.lastIndexOf(0x0a) + 1;
      if (end === 0) {
        rest = Buffer.concat([rest, chunk]);
        continue;
      }
      valid &&= isUtf8(
        rest.length > 0 ? Buffer.concat([rest, chunk.subarray(0, end)]) : chunk.subarray(0, end),
      );
      rest = Buffer.from(chunk.subarray(end));
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!file.gzipped) throw error;
    throw new BrokenGzipError(`${file.table.name}.csv.gz is damaged or cut short: fetch it again`, {
      cause: error,
    });
  } finally {
    raw.destroy();
  }
  return valid && isUtf8(rest);
}
