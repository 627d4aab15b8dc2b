import { DataError } from "../errors.ts";

export interface ChunkSize {
  /** The longest chunk, in Unicode code points. */
  readonly size: number;
  /** How many code points of a chunk's end the next one repeats; less than the size. */
  readonly overlap: number;
}

export interface Chunk {
  /** Counted in code points from the beginning of the text. */
  readonly start: number;
  readonly text: string;
}

const sentenceEnd = /[.!?。！？][")\]’”]*$/u;

/**
 * Cuts a text into chunks that end where a sentence does, else where a word does, else where they must. Works in
 * code points, so that no character is ever cut, and each chunk begins after the one before, so that it ends for
 * every input.
 */
export function chunkText(text: string, { size, overlap }: ChunkSize): Chunk[] {
  if (!Number.isInteger(size) || size < 1)
    throw new DataError(`A chunk's size is a whole number from 1, not ${size}`);
  if (!Number.isInteger(overlap) || overlap < 0 || overlap >= size) {
    throw new DataError(
      `The overlap of chunks of ${size} is a whole number from 0 to ${size - 1}, not ${overlap}`,
    );
  }
  const points = Array.from(text);
  const chunks: Chunk[] = [];
  let start = skipBlanks(points, 0);
  while (start < points.length) {
    const end = endOf(points, start, size);
    const chunk = points.slice(start, end).join("").trimEnd();
    if (chunk !== "") chunks.push({ start, text: chunk });
    if (end >= points.length) break;
    start = nextStart(points, start, end, overlap);
  }
  return chunks;
}

/** Where the next chunk begins: `overlap` before the end, at a word if one begins there. */
function nextStart(points: readonly string[], start: number, end: number, overlap: number): number {
  // A chunk shorter than the overlap must not pull the next one back to where it began.
  const earliest = Math.max(start + 1, end - overlap);
  let at = earliest;
  while (at < end && !isBlank(points[at - 1])) at++;
  return skipBlanks(points, isBlank(points[at - 1]) ? at : earliest);
}

/** The end of the chunk that begins at `start`: the last sentence's in its second half, or the last word's. */
function endOf(points: readonly string[], start: number, size: number): number {
  const limit = start + size;
  if (limit >= points.length) return points.length;
  const half = start + Math.ceil(size / 2);
  let word = 0;
  for (let end = limit; end > half; end--) {
    if (!isBlank(points[end])) continue;
    if (word === 0) word = end;
    const tail = points.slice(Math.max(start, end - 4), end).join("");
    if (sentenceEnd.test(tail) || points[end] === "\n") return end;
  }
  return word || limit;
}

function skipBlanks(points: readonly string[], from: number): number {
  let at = from;
  while (at < points.length && isBlank(points[at])) at++;
  return at;
}

function isBlank(point: string | undefined): boolean {
  return point !== undefined && /\s/u.test(point);
}
