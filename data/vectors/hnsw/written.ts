import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

/** The library's own head of a graph file, and where in it the number of rows and the bytes of each stand. */
const HEAD_BYTES = 96;
const ROWS_AT = 16;
const ROW_BYTES_AT = 24;

/**
 * Rejects unless all of a graph lies in its file: the library does not notice a disk that is full. After the head come the
 * rows, each as long as the other, and then of each row the length of its upper links and those links.
 */
export async function checkWritten(path: string): Promise<void> {
  const { rows, start } = await headOf(path);
  let seen = 0;
  let links = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of createReadStream(path, { start })) {
    const piece: Buffer = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    let at = 0;
    while (at < piece.length) {
      const step = Math.min(links, piece.length - at);
      links -= step;
      at += step;
      if (links > 0 || piece.length - at < 4) break;
      links = piece.readUInt32LE(at);
      at += 4;
      seen += 1;
    }
    rest = piece.subarray(at);
  }
  if (seen !== rows || links > 0 || rest.length > 0)
    throw new Error("The graph was not written whole: the disk may be full.");
}

async function headOf(path: string): Promise<{ rows: number; start: number }> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    if (bytesRead < HEAD_BYTES) return { rows: -1, start: 0 };
    const rows = Number(buffer.readBigUInt64LE(ROWS_AT));
    return { rows, start: HEAD_BYTES + rows * Number(buffer.readBigUInt64LE(ROW_BYTES_AT)) };
  } finally {
    await file.close();
  }
}
