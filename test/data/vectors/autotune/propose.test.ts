import { describe, expect, test } from "vitest";
import { judge, wins } from "../../../../data/vectors/autotune/promotion.ts";
import { propose } from "../../../../data/vectors/autotune/propose.ts";
import { bestOf, frontier } from "../../../../data/vectors/trials/best.ts";
import type { Trial } from "../../../../data/vectors/trials/journal.ts";

const past = [
  { m: 16, ef_construction: 80, recall: 0.995, p50_ms: 0.3 },
  { m: 8, ef_construction: 80, recall: 0.92, p50_ms: 0.1 },
  { m: 12, ef_construction: 160, recall: 0.993, p50_ms: 0.2 },
];
const options = { count: 4, seed: 42, gate: 0.99 };

describe("proposals", () => {
  test("are the same for the same journal and seed, and others for another", () => {
    const first = propose(past, options);

    expect(propose(past, options)).toEqual(first);
    expect(propose(past, { ...options, seed: 43 })).not.toEqual(first);
    expect(propose(past.slice(1), options)).not.toEqual(first);
  });

  test("never name what was tried, nor one thing twice, and end when all was", () => {
    const all = propose(past, { ...options, count: 1_000 });
    const names = all.map(({ m, efConstruction }) => `${m}/${efConstruction}`);

    expect(new Set(names).size).toBe(names.length);
    expect(names).not.toContain("16/80");
    expect(names).toHaveLength(6 * 7 - 3);
  });

  test("begin with the usual where nothing is known", () => {
    expect(propose([], { ...options, count: 1 })).toEqual([{ m: 16, efConstruction: 80 }]);
  });
});

describe("a candidate wins", () => {
  const champion = { recall: 0.992, p50Ms: 1 };
  test.for([
    [{ recall: 0.992, p50Ms: 0.9 }, true],
    [{ recall: 0.99, p50Ms: 0.9 }, true],
    [{ recall: 0.985, p50Ms: 0.1 }, false],
    [{ recall: 0.992, p50Ms: 0.97 }, false],
    [{ recall: 0.998, p50Ms: 1.1 }, true],
    [{ recall: 0.998, p50Ms: 1.3 }, false],
    [{ recall: 0.99, p50Ms: 1.1 }, false],
  ] as const)("%j against recall 0.992 in 1 ms: %s", ([candidate, promoted]) => {
    expect(wins(candidate, champion, 0.99).promote).toBe(promoted);
  });

  test("only if both measurements say so", () => {
    const [good, noise] = [
      { recall: 0.995, p50Ms: 0.8 },
      { recall: 0.995, p50Ms: 1.2 },
    ];

    expect(judge([good, good], [champion, champion], 0.99).promote).toBe(true);
    expect(judge([good, noise], [champion, champion], 0.99).promote).toBe(false);
    expect(judge([good], [champion], 0.99).promote).toBe(false);
  });

  test("over a champion that does not find enough, by finding enough", () => {
    expect(wins({ recall: 0.991, p50Ms: 9 }, { recall: 0.7, p50Ms: 1 }, 0.99).promote).toBe(true);
  });
});

describe("the best of the journal", () => {
  const trial = (recall: number, p50_ms: number, share = 1, table_version = 2) =>
    ({ recall, p50_ms, share, table_version }) as Trial;
  const trials = [
    trial(0.99, 0.3),
    trial(0.999, 0.9),
    trial(0.95, 0.1),
    trial(0.98, 0.5),
    trial(1, 0.01, 0.1),
    // Of fewer rows, when the table had no more.
    trial(1, 0.02, 1, 1),
  ];

  test("by recall, by time among those that find enough, and the frontier without what another dominates", () => {
    expect(bestOf(trials, "recall", 0.99)).toEqual([trial(0.999, 0.9)]);
    expect(bestOf(trials, "latency", 0.99)).toEqual([trial(0.99, 0.3)]);
    expect(frontier(trials.slice(0, 4))).toEqual([trial(0.95, 0.1), trial(0.99, 0.3), trial(0.999, 0.9)]);
  });
});
