import { createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Makes `path` whole or not at all: `write` fills a draft beside it. Answers the file's size. */
export async function writeFileWhole(path: string, write: (draft: string) => Promise<void>): Promise<number> {
  const draft = `${path}.${process.pid}.part`;
  try {
    await write(draft);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return (await stat(path)).size;
}

export function writePieces(path: string, pieces: AsyncIterable<string | Uint8Array>): Promise<void> {
  return pipeline(Readable.from(pieces), createWriteStream(path));
}
