import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import type { SourceFile } from "./source-file.ts";

const QUOTE = 0x22;
const LINE_END = 0x0a;
const RETURN = 0x0d;
const BLANK = 0x20;

/** How many records a file has, its header among them, told from its quotes and line ends alone; blank lines are none. */
export async function countRecords(file: SourceFile): Promise<number> {
  const raw = createReadStream(file.path, { highWaterMark: 1 << 20 });
  const content = file.gzipped ? raw.pipe(createGunzip({ chunkSize: 1 << 20 })) : raw;
  raw.on("error", (error) => content.destroy(error));
  const seen = { records: 0, isQuoted: false, hasContent: false };
  for await (const chunk of content as AsyncIterable<Buffer>) look(chunk, seen);
  return seen.hasContent ? seen.records + 1 : seen.records;
}

function look(chunk: Buffer, seen: { records: number; isQuoted: boolean; hasContent: boolean }): void {
  let { records, isQuoted, hasContent } = seen;
  for (const byte of chunk) {
    if (byte === LINE_END && !isQuoted) {
      if (hasContent) records += 1;
      hasContent = false;
    } else if (byte !== BLANK && byte !== RETURN) {
      if (byte === QUOTE) isQuoted = !isQuoted;
      hasContent = true;
    }
  }
  Object.assign(seen, { records, isQuoted, hasContent });
}
