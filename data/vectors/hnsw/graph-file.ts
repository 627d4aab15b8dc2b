import { createHash } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { copyFile, open, rm, stat, truncate } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { DataError } from "../../errors.ts";
import type { Keys } from "./keys.ts";

const FORMAT = 1;
const MAGIC = "MILLHNSW";
const TAIL_BYTES = MAGIC.length + 4;
const KEYS_A_LINE = 1_000;
/** Hashing holds the event loop; so much takes less than a millisecond. */
const BYTES_A_TURN = 256 * 1024;

/** What a file says of itself at its end, where a cut always shows. */
const Footer = z.strictObject({
  format: z.int(),
  graphBytes: z.int(),
  keysBytes: z.int(),
  rows: z.int(),
  dimensions: z.int(),
  sha256: z.string(),
});
type Footer = z.infer<typeof Footer>;

const BROKEN_CONTENT = "The index file's content does not match its checksum: build it again.";
const BROKEN_KEYS = "The keys in the index file are none: build it again.";

const KeyLine = z.strictObject({ ids: z.array(z.string()), chunks: z.array(z.int()) });

/** An index file that is cut short, changed, or of a version that this one does not read. It is built again, never read. */
export class BrokenIndexFileError extends DataError {
  override readonly name: string = "BrokenIndexFileError";
}

/**
 * Adds the keys and the footer to a graph that the library has written to `path`, so that graph and keys are one
 * file: two files can be of two builds. Answers the checksum of all before the footer.
 */
export async function sealGraphFile(path: string, keys: Keys, dimensions: number): Promise<string> {
  const graphBytes = (await stat(path)).size;
  const hash = createHash("sha256");
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  let keysBytes = 0;
  const file = await open(path, "a");
  try {
    for (let from = 0; from < keys.ids.length; from += KEYS_A_LINE) {
      const to = from + KEYS_A_LINE;
      const line = { ids: keys.ids.slice(from, to), chunks: [...keys.chunks.subarray(from, to)] };
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      hash.update(bytes);
      keysBytes += bytes.length;
      await file.appendFile(bytes);
    }
    const sha256 = hash.digest("hex");
    const rows = keys.ids.length;
    const footer: Footer = { format: FORMAT, graphBytes, keysBytes, rows, dimensions, sha256 };
    const json = Buffer.from(JSON.stringify(footer));
    const tail = Buffer.alloc(TAIL_BYTES);
    tail.writeUInt32LE(json.length);
    tail.write(MAGIC, 4);
    await file.appendFile(Buffer.concat([json, tail]));
    await file.sync();
    return sha256;
  } finally {
    await file.close();
  }
}

/** Checks a file and takes it apart: the graph goes to `graphPath`, for the library reads whole files only. */
export async function splitGraphFile(
  path: string,
  graphPath: string,
  expected: { readonly sha256: string; readonly dimensions: number },
): Promise<Keys> {
  const footer = await footerOf(path, expected);
  const hash = createHash("sha256");
  await copyFile(path, graphPath, constants.COPYFILE_FICLONE);
  await truncate(graphPath, footer.graphBytes);
  await hashFile(graphPath, footer.graphBytes, hash);
  const keys = await readKeys(path, footer, hash);
  if (hash.digest("hex") === footer.sha256) return keys;
  await rm(graphPath, { force: true });
  throw new BrokenIndexFileError(BROKEN_CONTENT);
}

/** Rejects unless the file is whole, of this version, and the one that is named. */
export async function checkGraphFile(
  path: string,
  expected: { readonly sha256: string; readonly dimensions: number },
): Promise<void> {
  const footer = await footerOf(path, expected);
  const hash = createHash("sha256");
  await hashFile(path, footer.graphBytes + footer.keysBytes, hash);
  if (hash.digest("hex") !== footer.sha256) throw new BrokenIndexFileError(BROKEN_CONTENT);
}

async function footerOf(
  path: string,
  expected: { readonly sha256: string; readonly dimensions: number },
): Promise<Footer> {
  const footer = await readFooter(path);
  if (footer.dimensions === expected.dimensions && footer.sha256 === expected.sha256) return footer;
  throw new BrokenIndexFileError("The index file is another one than its pointer names: build it again.");
}

async function readFooter(path: string): Promise<Footer> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const tail = await readAt(file, size - TAIL_BYTES, TAIL_BYTES);
    const length = tail.length === TAIL_BYTES ? tail.readUInt32LE() : 0;
    if (tail.toString("latin1", 4) !== MAGIC || length > size - TAIL_BYTES)
      throw new BrokenIndexFileError("The index file is cut short or no index file: build it again.");
    const parsed = Footer.safeParse(jsonOf(String(await readAt(file, size - TAIL_BYTES - length, length))));
    if (!parsed.success || parsed.data.format !== FORMAT)
      throw new BrokenIndexFileError("The index file is of another version: build it again.");
    const { graphBytes, keysBytes } = parsed.data;
    if (graphBytes + keysBytes + length + TAIL_BYTES === size) return parsed.data;
    throw new BrokenIndexFileError("The index file has not the length that it says: build it again.");
  } finally {
    await file.close();
  }
}

/** Undefined for what is no JSON, which fits no schema. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readAt(file: Awaited<ReturnType<typeof open>>, position: number, length: number) {
  if (position < 0) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

/** Searches are served meanwhile: each piece is read aside, and one memory takes them all. */
async function hashFile(path: string, length: number, hash: Hash): Promise<void> {
  const file = await open(path);
  try {
    const room = Buffer.allocUnsafe(BYTES_A_TURN);
    for (let at = 0; at < length; ) {
      const { bytesRead } = await file.read(room, 0, Math.min(room.length, length - at), at);
      if (bytesRead === 0) return;
      hash.update(room.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

type Hash = ReturnType<typeof createHash>;

async function readKeys(path: string, footer: Footer, hash: Hash): Promise<Keys> {
  const ids: string[] = [];
  // The footer is outside the checksum; a key is longer than a byte.
  if (footer.rows > footer.keysBytes) throw new BrokenIndexFileError(BROKEN_KEYS);
  const chunks = new Int32Array(footer.rows);
  const end = footer.graphBytes + footer.keysBytes - 1;
  const take = (line: string) => {
    const read = KeyLine.safeParse(jsonOf(line));
    if (!read.success || ids.length + read.data.chunks.length > footer.rows)
      throw new BrokenIndexFileError(BROKEN_KEYS);
    chunks.set(read.data.chunks, ids.length);
    for (const id of read.data.ids) ids.push(id);
  };
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of createReadStream(path, { start: footer.graphBytes, end })) {
    hash.update(bytes);
    rest = Buffer.concat([rest, bytes]);
    for (let at = rest.indexOf(10); at >= 0; at = rest.indexOf(10)) {
      take(String(rest.subarray(0, at)));
      rest = rest.subarray(at + 1);
      await setImmediate();
    }
  }
  return { ids, chunks };
}
