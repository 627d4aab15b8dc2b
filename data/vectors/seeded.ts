import { createHash } from "node:crypto";

/** Numbers from 0 to 1 that are the same for the same words, on every machine. */
export function seeded(...words: readonly (string | number)[]): () => number {
  let state = createHash("sha256").update(words.join("\n")).digest().readUInt32LE();
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of them with a bell-shaped distribution around 0. */
export function bell(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
