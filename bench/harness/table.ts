import { shortNumber } from "./chart.ts";
import type { Result } from "./measure.ts";
import { goalText, unitText } from "./page.ts";

/** The results for people, one line a figure. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ area, name, unit, goal, median, least, most, runs, met }) => [
    area,
    name,
    `${shortNumber(median)} ${unitText(unit)}`.trim(),
    runs > 1 ? `${shortNumber(least)}–${shortNumber(most)}` : "",
    goalText(goal),
    met === null ? "" : met ? "met" : "MISSED",
  ]);
  const lines = [["area", "figure", "median", "spread", "goal", ""], ...rows];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
