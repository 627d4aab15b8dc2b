import { floatsOf, openFile, readBytes, type VectorFile, VectorFileError } from "./vector-file.ts";

/** The form of the corpora of nearest-neighbour benchmarks: each row is its length, an int32, then its float32 numbers. */
export async function openFvecs(path: string): Promise<VectorFile> {
  const { handle, sizeBytes } = await openFile(path);
  try {
    if (sizeBytes < 4) throw new VectorFileError("The file is too short to hold a vector.");
    const dimensions = (await readBytes(handle, 0, 4)).readInt32LE(0);
    if (dimensions < 1 || dimensions > 1_000_000)
      throw new VectorFileError(`The first vector says that it has ${dimensions} numbers.`);
    const rowBytes = 4 + dimensions * 4;
    if (sizeBytes % rowBytes !== 0)
      throw new VectorFileError(
        `The file has ${sizeBytes} bytes, which is no whole number of vectors of ${dimensions}: it is cut short, or its vectors differ in length.`,
      );
    const rows = sizeBytes / rowBytes;
    return {
      rows,
      dimensions,
      async *blocks(bytes) {
        const rowsOfBlock = Math.max(1, Math.floor(bytes / rowBytes));
        for (let from = 0; from < rows; from += rowsOfBlock) {
          const count = Math.min(rowsOfBlock, rows - from);
          const block = await readBytes(handle, from * rowBytes, count * rowBytes);
          yield { rows: count, numbers: withoutLengths(block, count, dimensions, from) };
        }
      },
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function withoutLengths(block: Buffer, rows: number, dimensions: number, first: number): Float32Array {
  const rowBytes = 4 + dimensions * 4;
  const packed = Buffer.alloc(rows * dimensions * 4);
  for (let row = 0; row < rows; row++) {
    const length = block.readInt32LE(row * rowBytes);
    if (length !== dimensions)
      throw new VectorFileError(`Vector ${first + row} has ${length} numbers, the first has ${dimensions}.`);
    block.copy(packed, row * dimensions * 4, row * rowBytes + 4, (row + 1) * rowBytes);
  }
  return floatsOf(packed, 4);
}
