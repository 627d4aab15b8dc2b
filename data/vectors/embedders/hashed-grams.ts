/**
 * The built-in embedder's arithmetic: words, pairs of words and the letters within words are hashed into a fixed
 * number of places with a sign, weighted, and brought to length 1. It knows no meaning but sees shared words,
 * spelling variants and word order, needs no model, and gives the same vector on every machine.
 */
export const DIMENSIONS = 384;
export const MODEL = "millrace/hashed-grams-1";

const WORD = 1;
const PAIR = 0.7;
const LETTERS = 0.8;
const GRAM = 3;

/** Words that say little weigh little. */
const frequent = new Set(
  "a an and are as at be been by for from had has have he her his if in into is it its no not of on or she that the their there they this to was were which will with".split(
    " ",
  ),
);

/** Undefined for a text without a letter or a digit, which has no direction. */
export function embedText(text: string): Float32Array | undefined {
  const vector = new Float64Array(DIMENSIONS);
  const words = text
    .normalize("NFKC")
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  if (!words) return undefined;

  let before = 0;
  for (const word of words) {
    const hash = hashOf(word, 0x811c9dc5);
    const weight = frequent.has(word) ? 0.2 : 1;
    add(vector, hash, WORD * weight);
    if (before !== 0) add(vector, Math.imul(before ^ (hash >>> 7), 0x9e3779b1) >>> 0, PAIR * weight);
    before = hash;
    if (weight === 1) addLetters(vector, word);
  }
  return normalised(vector);
}

function addLetters(vector: Float64Array, word: string): void {
  const marked = `<${word}>`;
  const count = marked.length - GRAM + 1;
  const weight = LETTERS / Math.sqrt(count);
  for (let i = 0; i < count; i++) {
    let hash = 0x1b873593;
    for (let j = i; j < i + GRAM; j++) hash = Math.imul(hash ^ marked.charCodeAt(j), 0x01000193);
    add(vector, finish(hash), weight);
  }
}

/** One bit of the hash is the sign, so that what collides by chance cancels as often as it adds. */
function add(vector: Float64Array, hash: number, weight: number): void {
  const place = hash % DIMENSIONS;
  vector[place] = (vector[place] ?? 0) + (hash >>> 31 === 0 ? weight : -weight);
}

function hashOf(word: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return finish(hash);
}

function finish(hash: number): number {
  let x = hash;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

function normalised(vector: Float64Array): Float32Array | undefined {
  let sum = 0;
  for (const x of vector) sum += x * x;
  if (sum === 0) return undefined;
  const length = Math.sqrt(sum);
  return Float32Array.from(vector, (x) => x / length);
}
