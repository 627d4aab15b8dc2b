import type { Measurement } from "../harness/measurement.ts";
import { measureAutotune } from "./autotune.ts";
import { measureBuild } from "./build.ts";
import { measureBuildMemory } from "./build-memory.ts";
import { measureEmbedding } from "./embed.ts";
import { measureLance } from "./lance.ts";
import { measureRefresh } from "./refresh.ts";
import { measureSearches } from "./search.ts";
import { measureSwap } from "./swap.ts";

const scaled = (size: number, scale: number, least: number) => Math.max(least, Math.round(size * scale));

export const figures: readonly Measurement[] = [
  {
    name: "embed",
    size: "20,000 short texts",
    runs: 3,
    warmUp: false,
    figures: {
      textsPerS: {
        name: "texts embedded by the built-in model on one core",
        unit: "per s",
        goal: { atLeast: 5_000 },
      },
    },
    async run({ scale }) {
      return { ...(await measureEmbedding({ texts: scaled(20_000, scale, 2_000) })) };
    },
  },
  {
    name: "refresh",
    size: "34 changed of 100,000 rows",
    runs: 1,
    warmUp: false,
    curve: "fullSeconds",
    figures: {
      someToFull: { name: "refresh of 34 changed rows ÷ a full one", unit: "ratio", goal: { atMost: 0.01 } },
      fullSeconds: { name: "full refresh", unit: "s", goal: "trend" },
      someMs: { name: "refresh of 34 changed rows", unit: "ms", goal: "trend" },
      noneMs: { name: "refresh with nothing new", unit: "ms", goal: "trend" },
    },
    async run({ scale, redisUrl }) {
      return {
        ...(await measureRefresh({ redisUrl: await redisUrl(), rows: scaled(100_000, scale, 2_000) })),
      };
    },
  },
  {
    name: "search",
    size: "100,000 × 768",
    runs: 1,
    warmUp: false,
    figures: {
      libraryToBare: {
        name: "search through the library ÷ bare hnswlib-node, p50",
        unit: "ratio",
        goal: { atMost: 1.3 },
      },
      httpMoreMs: { name: "search over HTTP − through the library, p50", unit: "ms", goal: { atMost: 1.5 } },
      bareMs: { name: "search by bare hnswlib-node, p50", unit: "ms", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureSearches({ rows: scaled(100_000, scale, 2_000) })) };
    },
  },
  {
    name: "build",
    size: "100,000 × 768",
    runs: 1,
    warmUp: false,
    figures: {
      speedToBare: {
        name: "speed of a build ÷ that of bare hnswlib-node",
        unit: "ratio",
        goal: { atLeast: 0.95 },
      },
      loopHeldMs: { name: "event loop held meanwhile, longest", unit: "ms", goal: { atMost: 50 } },
      idleHeldMs: { name: "event loop of an idle process beside it, longest", unit: "ms", goal: "trend" },
      buildSeconds: { name: "build", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureBuild({ rows: scaled(100_000, scale, 2_000) })) };
    },
  },
  {
    name: "memory",
    size: "100,000 × 768",
    runs: 1,
    warmUp: false,
    figures: {
      grownToNeeded: {
        name: "memory a build takes ÷ bytes of its vectors and links",
        unit: "ratio",
        goal: { atMost: 1.3 },
      },
      grownMib: { name: "memory a build takes", unit: "MiB", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureBuildMemory({ rows: scaled(100_000, scale, 2_000) })) };
    },
  },
  {
    name: "swap",
    size: "5 swaps of 100,000 × 768 under 200 requests/s",
    runs: 1,
    warmUp: false,
    figures: {
      dropped: {
        name: "requests dropped while generations are swapped",
        unit: "count",
        goal: { exactly: 0 },
      },
      delayMs: {
        name: "slowest request of a swap − slowest of as long in peace",
        unit: "ms",
        goal: { atMost: 50 },
      },
      worstDelayMs: { name: "the same of the worst of five swaps", unit: "ms", goal: { atMost: 50 } },
      slowestInPeaceMs: { name: "slowest request of two seconds in peace", unit: "ms", goal: "trend" },
      slowestInSwapsMs: { name: "slowest request of a swap", unit: "ms", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureSwap({ rows: scaled(100_000, scale, 2_000) })) };
    },
  },
  {
    name: "autotune",
    size: "20,000 × 768 against a grid of five",
    runs: 1,
    warmUp: false,
    figures: {
      better: {
        name: "points of the grid better than the tuner's choice",
        unit: "count",
        goal: { exactly: 0 },
      },
      recallAboveBest: {
        name: "recall of the tuner's choice − the most that the grid finds",
        unit: "ratio",
        goal: { atLeast: 0 },
      },
      wholeBuilds: { name: "whole builds that the tuner made", unit: "count", goal: { atMost: 5 } },
      recall: { name: "recall@10 of the tuner's choice", unit: "ratio", goal: { atLeast: 0.99 } },
      p50Ms: { name: "search at the tuner's choice, p50", unit: "ms", goal: "trend" },
      bestOfGridMs: { name: "search at the grid's best, p50", unit: "ms", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureAutotune({ rows: scaled(20_000, scale, 2_000) })) };
    },
  },
  {
    name: "lance",
    size: "100,000 × 768 on disk",
    runs: 1,
    warmUp: false,
    figures: {
      recall: { name: "recall@10 of a Lance index on disk, refined", unit: "ratio", goal: { atLeast: 0.95 } },
      p50Ms: { name: "search of a Lance index on disk, p50", unit: "ms", goal: "trend" },
      buildSeconds: { name: "build of a Lance index", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureLance({ rows: scaled(100_000, scale, 2_000) })) };
    },
  },
];
