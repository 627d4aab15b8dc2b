import { floatsOf, openFile, readBytes, type VectorFile, VectorFileError } from "./vector-file.ts";

const MAGIC = "\u0093NUMPY";
/** Bytes of the length of the header, by the major version of the form. */
const lengthBytes: Readonly<Record<number, 2 | 4>> = { 1: 2, 2: 4, 3: 4 };
const LONGEST_HEADER = 1024 ** 2;
const PREFIX = 8;

/** A NumPy array file of float32 or float64 with two dimensions in C order, of any of the three versions. */
export async function openNpy(path: string): Promise<VectorFile> {
  const { handle, sizeBytes } = await openFile(path);
  try {
    const { start, width, rows, dimensions } = await readHeader(
      (position, length) => readBytes(handle, position, length),
      sizeBytes,
    );
    const expected = start + rows * dimensions * width;
    if (sizeBytes !== expected)
      throw new VectorFileError(
        `The header promises ${rows} × ${dimensions} numbers of ${width} bytes, ${expected} bytes in all, and the file has ${sizeBytes}.`,
      );
    return {
      rows,
      dimensions,
      async *blocks(bytes) {
        const rowBytes = dimensions * width;
        const rowsOfBlock = Math.max(1, Math.floor(bytes / rowBytes));
        for (let from = 0; from < rows; from += rowsOfBlock) {
          const count = Math.min(rowsOfBlock, rows - from);
          const block = await readBytes(handle, start + from * rowBytes, count * rowBytes);
          yield { rows: count, numbers: floatsOf(block, width) };
        }
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

type Read = (position: number, length: number) => Promise<Buffer>;

async function readHeader(read: Read, sizeBytes: number) {
  if (sizeBytes < PREFIX + 4) throw new VectorFileError("The file is too short to be a NumPy array.");
  const prefix = await read(0, PREFIX + 4);
  if (prefix.toString("latin1", 0, MAGIC.length) !== MAGIC)
    throw new VectorFileError("The file does not begin as a NumPy array does.");
  const major = prefix[6] ?? 0;
  const width = lengthBytes[major];
  if (!width) throw new VectorFileError(`The file is of NumPy form ${major}; forms 1 to 3 are read.`);
  const length = width === 2 ? prefix.readUInt16LE(PREFIX) : prefix.readUInt32LE(PREFIX);
  if (length > LONGEST_HEADER || PREFIX + width + length > sizeBytes)
    throw new VectorFileError(`The header says that it has ${length} bytes, more than there can be.`);
  const text = (await read(PREFIX + width, length)).toString(major === 3 ? "utf8" : "latin1");
  return { start: PREFIX + width + length, ...describe(text) };
}

/** The header is a Python dictionary with three keys. */
function describe(header: string): { width: 4 | 8; rows: number; dimensions: number } {
  const type = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  if (type !== "<f4" && type !== "<f8")
    throw new VectorFileError(
      `The array holds ${type ?? "values without one type"}; little-endian float32 (<f4) and float64 (<f8) are read.`,
    );
  if (!/'fortran_order'\s*:\s*False/.test(header))
    throw new VectorFileError(
      "The array lies column by column; save it in C order (numpy.ascontiguousarray).",
    );
  const shape = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1] ?? "";
  const sizes = shape
    .split(",")
    .map((size) => size.trim())
    .filter((size) => size !== "")
    .map(Number);
  const [rows = 0, dimensions = 0] = sizes;
  if (sizes.length !== 2 || !sizes.every(Number.isSafeInteger) || rows < 0 || dimensions < 1)
    throw new VectorFileError(`The array has the shape (${shape}); it must be rows × numbers of one vector.`);
  return { width: type === "<f4" ? 4 : 8, rows, dimensions };
}
