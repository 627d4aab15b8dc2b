import { type FileHandle, open } from "node:fs/promises";
import { DataError } from "../../errors.ts";

/** A file of vectors of one length, read front to back. */
export interface VectorFile extends AsyncDisposable {
  readonly rows: number;
  readonly dimensions: number;
  /** Blocks of rows in order, each of about so many bytes. */
  blocks(bytes: number): AsyncIterable<{ readonly rows: number; readonly numbers: Float32Array }>;
}

/** A file whose bytes do not hold what its form asks for. */
export class VectorFileError extends DataError {
  override readonly name = "VectorFileError";
}

export async function openFile(path: string): Promise<{ handle: FileHandle; sizeBytes: number }> {
  try {
    const handle = await open(path);
    return { handle, sizeBytes: (await handle.stat()).size };
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EISDIR"))
      throw new VectorFileError("There is no such file here: give the path as the workers see it.");
    throw error;
  }
}

/** Exactly these bytes; a file that ends before them was cut while it was read. */
export async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let read = 0; read < length; ) {
    const { bytesRead } = await handle.read(buffer, read, length - read, position + read);
    if (bytesRead === 0)
      throw new VectorFileError(`The file ends at byte ${position + read}, in the middle of its vectors.`);
    read += bytesRead;
  }
  return buffer;
}

/** Little-endian numbers as this machine has them. */
export function floatsOf(bytes: Buffer, width: 4 | 8): Float32Array {
  const count = bytes.length / width;
  const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const copy = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  if (isLittle) return width === 4 ? new Float32Array(copy) : Float32Array.from(new Float64Array(copy));
  const view = new DataView(copy);
  return Float32Array.from({ length: count }, (_, i) =>
    width === 4 ? view.getFloat32(i * 4, true) : view.getFloat64(i * 8, true),
  );
}
