import { builtIn } from "../../data/vectors/embedders/built-in.ts";

const WARM_UPS = 1_000;
const words =
  "patient reports pain ankle swelling fracture cough fever cold knee arm throat blood pressure dose daily follow up visit allergy stable improved sleep diet exercise sodium chest heart rate normal exam plan".split(
    " ",
  );

/** A short text of some twenty words, the same for the same number. */
function shortText(n: number): string {
  return Array.from({ length: 20 }, (_, i) => words[(n * 31 + i * i * 7 + n * i) % words.length]).join(" ");
}

/** The built-in embedder on one core. */
export async function measureEmbedding({ texts: count }: { texts: number }) {
  const texts = Array.from({ length: count }, (_, n) => `${shortText(n)} ${n}`);
  await builtIn.embed(texts.slice(0, WARM_UPS));
  const startedAt = performance.now();
  await builtIn.embed(texts);
  return { textsPerS: (count * 1_000) / (performance.now() - startedAt) };
}
