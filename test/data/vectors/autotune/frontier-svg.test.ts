import { expect, test } from "vitest";
import { frontierSvg } from "../../../../data/vectors/autotune/frontier-svg.ts";

const trial = (recall: number, p50_ms: number, m = 16) => ({
  recall,
  p50_ms,
  m,
  ef_construction: 80,
  ef_search: 40,
});
const trials = [trial(0.9, 0.1), trial(0.99, 0.3), trial(0.95, 0.4, 8), trial(1, 0.9)];

function placesOf(svg: string, fill: string) {
  const dots = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)" r="4" fill="([^"]+)"/g)];
  return dots.filter(([, , , colour]) => colour === fill).map(([, x, y]) => `${x},${y}`);
}

test("the frontier is a line through what nothing dominates, and every trial is a dot that says what it is", () => {
  const svg = frontierSvg(trials, 0.95, "notes");

  const best = placesOf(svg, "#0b7285");
  expect(best).toHaveLength(3);
  expect(placesOf(svg, "#adb5bd")).toHaveLength(1);
  expect(svg).toContain(`<polyline points="${best.join(" ")}"`);
  expect(svg).toContain("<title>M 8, ef 80/40: recall 0.950, 0.400 ms</title>");
  expect(svg).toContain("target 0.95");
  const heights = best.map((place) => Number(place.split(",")[1]));
  expect(heights).toEqual(heights.toSorted((a, b) => b - a));
});

test("it is one picture without script, whatever the index is called, and of no trial too", () => {
  const svg = frontierSvg(trials, 0.95, "<script>&");

  expect(svg).toContain("&lt;script>&amp;");
  expect(svg).not.toContain("<script");
  expect(frontierSvg([], 0.95, "notes")).not.toContain("NaN");
});
