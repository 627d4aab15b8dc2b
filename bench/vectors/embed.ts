import { builtIn } from "../../data/vectors/embedders/built-in.ts";

const TEXTS = 20_000;
const words =
  "patient reports pain ankle swelling fracture cough fever cold knee arm throat blood pressure dose daily follow up visit allergy stable improved sleep diet exercise sodium chest heart rate normal exam plan".split(
    " ",
  );

/** A short text of some twenty words, the same for the same number. */
function shortText(n: number): string {
  return Array.from({ length: 20 }, (_, i) => words[(n * 31 + i * i * 7 + n * i) % words.length]).join(" ");
}

const texts = Array.from({ length: TEXTS }, (_, n) => `${shortText(n)} ${n}`);
await builtIn.embed(texts.slice(0, 1_000));
const startedAt = performance.now();
await builtIn.embed(texts);
const seconds = (performance.now() - startedAt) / 1_000;
process.stdout.write(
  `built-in embedder, one thread: ${TEXTS} texts of ${texts[0]?.length} characters in ${seconds.toFixed(2)} s, ${Math.round(TEXTS / seconds)} a second\n`,
);
