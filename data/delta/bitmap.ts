/** The positions of a block share the upper bits; roaring bitmaps keep a container for each. */
export const BLOCK_BITS = 65_536;
const BLOCK_BYTES = BLOCK_BITS / 8;

/** Positions of rows in a file. Bit 0 is the highest of the first byte, as in DuckDB's BIT. */
export class Bitmap {
  #bytes = new Uint8Array(0);
  #length = 0;

  /** Of the bytes of a BIT, without those that pad it. */
  static ofBytes(bytes: Uint8Array): Bitmap {
    const bitmap = new Bitmap();
    bitmap.#bytes = Uint8Array.from(bytes);
    bitmap.#length = bytes.length * 8;
    return bitmap;
  }

  /** How many bits it has up to the last position. */
  get length(): number {
    return this.#length;
  }

  add(position: number): void {
    this.addRange(position, position);
  }

  /** Adds all positions from `first` to `last`. */
  addRange(first: number, last: number): void {
    this.#grow(last + 1);
    for (let position = first; position <= last; ) {
      const isWholeByte = (position & 7) === 0 && position + 7 <= last;
      const byte = Math.floor(position / 8);
      this.#bytes[byte] = isWholeByte ? 0xff : (this.#bytes[byte] ?? 0) | (0x80 >> (position & 7));
      position += isWholeByte ? 8 : 1;
    }
  }

  has(position: number): boolean {
    return ((this.#bytes[Math.floor(position / 8)] ?? 0) & (0x80 >> (position & 7))) !== 0;
  }

  /** The positions that are in this one and not in `other`. */
  minus(other: Bitmap): Bitmap {
    const result = new Bitmap();
    result.#grow(this.#length);
    for (let byte = 0; byte < result.#bytes.length; byte += 1)
      result.#bytes[byte] = (this.#bytes[byte] ?? 0) & ~(other.#bytes[byte] ?? 0);
    return result;
  }

  /** The positions that are in one of the two. */
  plus(other: Bitmap): Bitmap {
    const result = new Bitmap();
    result.#grow(Math.max(this.#length, other.#length));
    for (let byte = 0; byte < result.#bytes.length; byte += 1)
      result.#bytes[byte] = (this.#bytes[byte] ?? 0) | (other.#bytes[byte] ?? 0);
    return result;
  }

  /** The positions of each block that has any, counted from the block's begin, in order. */
  *blocks(): Generator<{ readonly number: number; readonly positions: Uint16Array }> {
    for (let from = 0; from < this.#bytes.length; from += BLOCK_BYTES) {
      const positions = positionsOf(this.#bytes.subarray(from, from + BLOCK_BYTES));
      if (positions.length > 0) yield { number: from / BLOCK_BYTES, positions };
    }
  }

  get cardinality(): number {
    let count = 0;
    for (let byte of this.#bytes) for (; byte !== 0; byte &= byte - 1) count += 1;
    return count;
  }

  toBase64(): string {
    return Buffer.from(this.#bytes.subarray(0, Math.ceil(this.#length / 8))).toString("base64");
  }

  #grow(length: number): void {
    if (length <= this.#length) return;
    this.#length = length;
    if (length <= this.#bytes.length * 8) return;
    const bytes = new Uint8Array(Math.max(Math.ceil(length / 8), this.#bytes.length * 2));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}

function positionsOf(bytes: Uint8Array): Uint16Array {
  const positions: number[] = [];
  for (let byte = 0; byte < bytes.length; byte += 1) {
    const bits = bytes[byte] ?? 0;
    if (bits === 0) continue;
    for (let bit = 0; bit < 8; bit += 1) if (bits & (0x80 >> bit)) positions.push(byte * 8 + bit);
  }
  return Uint16Array.from(positions);
}
