import type { Measured } from "../trials/measure.ts";

export interface Judgement {
  readonly promote: boolean;
  readonly why: string;
}

const QUICKER = 0.95;
const RECALL_STEP = 0.005;
const SLOWER = 1.2;

type Point = Pick<Measured, "recall" | "p50Ms">;

/**
 * Whether one measurement speaks for the candidate: it finds enough, and it is clearly quicker at about the same
 * recall, or clearly finds more at about the same speed. A champion that does not find enough loses to one that does.
 */
export function wins(candidate: Point, champion: Point | undefined, gate: number): Judgement {
  if (candidate.recall < gate)
    return { promote: false, why: `recall ${fixed(candidate.recall)} is below ${gate}` };
  if (!champion) return { promote: true, why: "nothing serves yet" };
  const compared = `${ms(candidate)} at recall ${fixed(candidate.recall)} against ${ms(champion)} at ${fixed(champion.recall)}`;
  if (champion.recall < gate)
    return { promote: true, why: `it finds enough and the champion does not: ${compared}` };
  if (champion.recall >= candidate.recall && champion.p50Ms <= candidate.p50Ms)
    return { promote: false, why: `the champion is as good in both: ${compared}` };
  if (candidate.p50Ms <= QUICKER * champion.p50Ms && candidate.recall >= champion.recall - RECALL_STEP)
    return { promote: true, why: `quicker: ${compared}` };
  if (candidate.recall >= champion.recall + RECALL_STEP && candidate.p50Ms <= SLOWER * champion.p50Ms)
    return { promote: true, why: `finds more: ${compared}` };
  return { promote: false, why: `too little better to tell from noise: ${compared}` };
}

/** Two measurements of each, made in turn, must both speak for the candidate. */
export function judge(
  candidate: readonly Point[],
  champion: readonly (Point | undefined)[],
  gate: number,
): Judgement {
  let last: Judgement = { promote: false, why: "it was not measured" };
  for (const [at, point] of candidate.entries()) {
    last = wins(point, champion[at], gate);
    if (!last.promote) return last;
  }
  return candidate.length >= 2
    ? last
    : { promote: false, why: "one measurement is not enough to tell from noise" };
}

function fixed(recall: number): string {
  return recall.toFixed(3);
}

function ms({ p50Ms }: Point): string {
  return `${p50Ms.toFixed(3)} ms`;
}
