import type { Figure, Goal, Measurement, MeasuringContext } from "./measurement.ts";

export interface Result {
  readonly area: string;
  readonly measurement: string;
  readonly figure: string;
  readonly name: string;
  readonly unit: Figure["unit"];
  readonly goal: Goal;
  readonly size: string;
  readonly scale: number;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly runs: number;
  readonly met: boolean | null;
}

export interface Curve {
  readonly area: string;
  readonly measurement: string;
  readonly name: string;
  readonly unit: Figure["unit"];
  readonly points: readonly { readonly scale: number; readonly value: number }[];
}

const STEPS = [1, 2, 4, 8];

export async function measure(
  area: string,
  measurement: Measurement,
  context: MeasuringContext,
): Promise<Result[]> {
  if (measurement.warmUp) await measurement.run({ ...context, scale: context.scale / 10 });
  const runs: Readonly<Record<string, number>>[] = [];
  for (let run = 0; run < measurement.runs; run += 1) runs.push(await measurement.run(context));
  return Object.entries(measurement.figures).map(([key, figure]) => {
    const values = runs.map((run) => run[key] ?? Number.NaN).sort((a, b) => a - b);
    const median = values[Math.floor(values.length / 2)] ?? Number.NaN;
    return {
      area,
      measurement: measurement.name,
      figure: key,
      ...figure,
      size: measurement.size,
      scale: context.scale,
      median,
      least: values.at(0) ?? Number.NaN,
      most: values.at(-1) ?? Number.NaN,
      runs: measurement.runs,
      met: isMet(figure.goal, median),
    };
  });
}

/** A figure that could not be measured has not been met. */
export function isMet(goal: Goal, value: number): boolean | null {
  if (goal === "trend") return null;
  if (Number.isNaN(value)) return false;
  if ("atMost" in goal) return value <= goal.atMost;
  if ("atLeast" in goal) return value >= goal.atLeast;
  return value === goal.exactly;
}

/** The curve's sizes begin at a tenth, so that the largest stays near the size of the issue. */
export async function drawCurve(
  area: string,
  measurement: Measurement,
  context: MeasuringContext,
): Promise<Curve | undefined> {
  const { curve: key, figures, name } = measurement;
  const figure = key === undefined ? undefined : figures[key];
  if (key === undefined || !figure) return undefined;
  const points: { scale: number; value: number }[] = [];
  for (const step of STEPS) {
    const scale = (context.scale / 10) * step;
    const values = await measurement.run({ ...context, scale });
    points.push({ scale, value: values[key] ?? Number.NaN });
  }
  return { area, measurement: name, name: figure.name, unit: figure.unit, points };
}
