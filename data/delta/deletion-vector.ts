import { crc32 } from "node:zlib";
import type { Storage } from "../storage/storage.ts";
import type { AddFile, DeletionVector, RemoveFile } from "./actions.ts";
import type { Bitmap } from "./bitmap.ts";
import { CorruptDeletionVectorError } from "./errors.ts";
import { keyOf, readAnywhere } from "./locate.ts";
import { readRoaring64, writeRoaring64 } from "./roaring.ts";
import { decodeZ85 } from "./z85.ts";

const MAGIC = 1_681_511_377;
const UUID_CHARACTERS = 20;

/** The positions of the rows that a deletion vector takes out of its file. */
export async function readDeletionVector(
  storage: Storage,
  root: string,
  vector: DeletionVector,
): Promise<Bitmap> {
  const bitmap = decodeBitmap(await vectorBytes(storage, root, vector));
  if (bitmap.cardinality !== vector.cardinality)
    throw new CorruptDeletionVectorError(
      `A deletion vector has ${bitmap.cardinality} rows where the log says ${vector.cardinality}.`,
    );
  return bitmap;
}

async function vectorBytes(storage: Storage, root: string, vector: DeletionVector): Promise<Buffer> {
  const { pathOrInlineDv, sizeInBytes } = vector;
  const uri = vectorUri(vector);
  // Four bytes make five characters, so the text of an inline vector may hold some bytes more than it has.
  if (uri === undefined) return decodeZ85(pathOrInlineDv).subarray(0, sizeInBytes);
  const start = vector.offset ?? 1;
  const bytes = await readAnywhere(storage, root, uri, start, start + sizeInBytes + 8);
  const data = bytes.subarray(4, 4 + sizeInBytes);
  if (bytes.length < sizeInBytes + 8 || bytes.readUInt32BE(0) !== sizeInBytes)
    throw new CorruptDeletionVectorError(
      `A deletion vector in ${keyOf(storage, root, uri) ?? uri} is not where the log says, or is cut short.`,
    );
  if (crc32(data) !== bytes.readUInt32BE(4 + sizeInBytes))
    throw new CorruptDeletionVectorError(
      `A deletion vector in ${keyOf(storage, root, uri) ?? uri} has a wrong checksum; restore the file.`,
    );
  return data;
}

/** The URI of the file that a vector lies in; undefined of one in the log itself. */
function vectorUri({ storageType, pathOrInlineDv }: DeletionVector): string | undefined {
  if (storageType === "i") return undefined;
  return storageType === "p" ? pathOrInlineDv : vectorFile(pathOrInlineDv);
}

/** The objects that a logical file needs; several may share the file of their vectors. */
export function urisOf({ path, deletionVector }: AddFile | RemoveFile): string[] {
  const vector = deletionVector && vectorUri(deletionVector);
  return vector === undefined ? [path] : [path, vector];
}

/** The file that a vector's short name means: a UUID of twenty characters after a folder, which may be none. */
export function vectorFile(name: string): string {
  const folder = name.slice(0, -UUID_CHARACTERS);
  const hex = decodeZ85(name.slice(-UUID_CHARACTERS)).toString("hex");
  const uuid = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return `${folder === "" ? "" : `${encodeURIComponent(folder)}/`}deletion_vector_${uuid}.bin`;
}

function decodeBitmap(bytes: Buffer): Bitmap {
  if (bytes.length < 12 || bytes.readUInt32LE(0) !== MAGIC)
    throw new CorruptDeletionVectorError(
      "A deletion vector does not begin with the number of a layout that Millrace knows.",
    );
  return readRoaring64(bytes.subarray(4));
}

export function serializeVector(bitmap: Bitmap): Buffer {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  return Buffer.concat([magic, writeRoaring64(bitmap)]);
}
