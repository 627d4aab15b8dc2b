import { editDistance } from "../data/edit-distance.ts";

/** The name that was probably meant; undefined when none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const scored = known.map((candidate) => ({ candidate, away: editDistance(name, candidate) }));
  const [best] = scored.sort((a, b) => a.away - b.away);
  return best && best.away <= Math.max(2, Math.floor(name.length / 3)) ? best.candidate : undefined;
}
