import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { chartOf } from "../../bench/harness/chart.ts";
import { isMet, measure } from "../../bench/harness/measure.ts";
import type { Measurement } from "../../bench/harness/measurement.ts";
import { chartFile, pageOf, type Results } from "../../bench/harness/page.ts";
import { tableOf } from "../../bench/harness/table.ts";

const context = { scale: 1, redisUrl: async () => "redis://127.0.0.1:1" };
const results = JSON.parse(readFileSync("bench/results.json", "utf8")) as Results;

function measurementOf(values: readonly number[]): Measurement {
  const left = [...values];
  return {
    name: "counting",
    size: "three runs",
    runs: 3,
    warmUp: true,
    figures: { taken: { name: "time taken", unit: "ms", goal: { atMost: 5 } } },
    run: async ({ scale }): Promise<Record<string, number>> =>
      scale < 1 ? {} : { taken: left.shift() ?? 0 },
  };
}

describe("a measurement", () => {
  test("is told by the median of its runs, the warm-up left out", async () => {
    const [result] = await measure("lake", measurementOf([9, 1, 4]), context);

    expect(result).toMatchObject({ median: 4, least: 1, most: 9, met: true });
  });

  test("that misses its goal is printed as missed", async () => {
    const missed = await measure("lake", measurementOf([9, 8, 7]), context);

    expect(tableOf(missed)).toMatch(/time taken .*8 ms .*≤ 5 .*MISSED/);
  });

  test("that gives no number has missed", () => {
    expect(isMet({ atMost: 5 }, Number.NaN)).toBe(false);
    expect(isMet({ exactly: 0 }, 0)).toBe(true);
    expect(isMet("trend", 3)).toBeNull();
  });
});

describe("docs/benchmarks.md", () => {
  test("is what bench/results.json says", () => {
    expect(readFileSync("docs/benchmarks.md", "utf8")).toBe(pageOf(results));
  });

  test("has a chart for each curve", () => {
    for (const curve of results.curves) {
      expect(readFileSync(join("docs/benchmarks", chartFile(curve)), "utf8")).toBe(chartOf(curve));
    }
  });
});

const areas = readdirSync("bench").filter((area) => existsSync(join("bench", area, "figures.ts")));

test.each(areas)("the figures of %s have names of their own and a goal each", async (area) => {
  const { figures } = (await import(`../../bench/${area}/figures.ts`)) as { figures: readonly Measurement[] };
  const names = figures.map(({ name }) => name);

  expect(new Set(names).size).toBe(names.length);
  for (const { curve, figures: own } of figures) if (curve) expect(Object.keys(own)).toContain(curve);
});
