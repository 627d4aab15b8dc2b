import { seeded } from "../seeded.ts";
import type { Trial } from "../trials/journal.ts";

/** What decides a build; the width of search is swept in each and needs no proposal. */
export interface Shape {
  readonly m: number;
  readonly efConstruction: number;
}

const ms = [8, 12, 16, 24, 32, 48] as const;
const constructions = [10, 20, 40, 80, 160, 320, 400] as const;

/** Where a search that knows nothing begins: spread over the space, the usual first. */
const openings: readonly Shape[] = [
  { m: 16, efConstruction: 80 },
  { m: 12, efConstruction: 160 },
  { m: 24, efConstruction: 80 },
  { m: 8, efConstruction: 80 },
  { m: 16, efConstruction: 160 },
  { m: 32, efConstruction: 160 },
];

/** One in so many is drawn from all that was never tried; the others are steps from the best. */
const EXPLORE = 0.25;

type Past = Pick<Trial, "m" | "ef_construction" | "recall" | "p50_ms">;

/**
 * The next builds to try. The same journal and seed give the same proposals, so that a cycle that was cut off goes on
 * as it would have, and a night can be told again. `journal` holds the trials of the rows that are to be built over.
 */
export function propose(
  journal: readonly Past[],
  { count, seed, gate }: { readonly count: number; readonly seed: number; readonly gate: number },
): Shape[] {
  const random = seeded("propose", seed, journal.length);
  const tried = new Set(
    journal.map((trial) => nameOf({ m: trial.m, efConstruction: trial.ef_construction })),
  );
  const proposed: Shape[] = [];
  while (proposed.length < count) {
    const open = openings.filter((shape) => !tried.has(nameOf(shape)));
    const free = all().filter((shape) => !tried.has(nameOf(shape)));
    const near = stepsFrom(bestShapes(journal, gate)).filter((shape) => !tried.has(nameOf(shape)));
    const pick =
      journal.length === 0 && open.length > 0 ? open : near.length > 0 && random() >= EXPLORE ? near : free;
    const shape = pick === open ? open[0] : pick[Math.floor(random() * pick.length)];
    if (!shape) break;
    tried.add(nameOf(shape));
    proposed.push(shape);
  }
  return proposed;
}

/** The quickest shapes that find enough, or else those that find most. */
export function bestShapes(journal: readonly Past[], gate: number, count = 3): Shape[] {
  const best = new Map<string, { shape: Shape; score: number }>();
  for (const trial of journal) {
    const shape = { m: trial.m, efConstruction: trial.ef_construction };
    // What finds enough is ranked by its time, below everything that does not, which is ranked by what it lacks.
    const score = trial.recall >= gate ? trial.p50_ms : 1e6 + (gate - trial.recall);
    const known = best.get(nameOf(shape));
    if (!known || score < known.score) best.set(nameOf(shape), { shape, score });
  }
  return [...best.values()]
    .sort((a, b) => a.score - b.score || nameOf(a.shape).localeCompare(nameOf(b.shape)))
    .slice(0, count)
    .map(({ shape }) => shape);
}

function stepsFrom(shapes: readonly Shape[]): Shape[] {
  const steps = new Map<string, Shape>();
  for (const shape of shapes)
    for (const [dm, dc] of [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ] as const) {
      const m = ms[place(ms, shape.m) + dm];
      const efConstruction = constructions[place(constructions, shape.efConstruction) + dc];
      if (m !== undefined && efConstruction !== undefined) {
        const step = { m, efConstruction };
        steps.set(nameOf(step), step);
      }
    }
  return [...steps.values()];
}

/** Where a value stands among the steps, or the one nearest to it. */
function place(steps: readonly number[], value: number): number {
  let nearest = 0;
  for (const [at, step] of steps.entries())
    if (Math.abs(step - value) < Math.abs((steps[nearest] ?? 0) - value)) nearest = at;
  return nearest;
}

function all(): Shape[] {
  return ms.flatMap((m) => constructions.map((efConstruction) => ({ m, efConstruction })));
}

function nameOf({ m, efConstruction }: Shape): string {
  return `${m}/${efConstruction}`;
}
