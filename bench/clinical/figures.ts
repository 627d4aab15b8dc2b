import type { Measurement } from "../harness/measurement.ts";
import { measureCluster } from "./cluster.ts";
import { measureGold } from "./gold.ts";
import { measureRefresh } from "./refresh.ts";

export const figures: readonly Measurement[] = [
  {
    name: "refresh in one process",
    size: "200 generated bundles of 3.8 MB",
    runs: 1,
    warmUp: true,
    curve: "firstSeconds",
    figures: {
      parseToFloor: {
        name: "parsing and merging ÷ reading, checking and unnesting",
        unit: "ratio",
        goal: "trend",
      },
      firstToFloor: {
        name: "first refresh with validation and Gold ÷ the floor",
        unit: "ratio",
        goal: { atMost: 3 },
      },
      secondToFloor: { name: "second refresh of the same ÷ the floor", unit: "ratio", goal: { atMost: 0.2 } },
      secondCommits: { name: "commits of the second refresh", unit: "count", goal: { exactly: 0 } },
      firstSeconds: { name: "first refresh", unit: "s", goal: "trend" },
      goldSeconds: { name: "Gold, full", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureRefresh({ patients: Math.max(4, Math.round(200 * scale)) })) };
    },
  },
  {
    name: "refresh by a worker a pool",
    size: "600 generated bundles of 3.8 MB",
    runs: 3,
    warmUp: false,
    curve: "firstSeconds",
    figures: {
      firstToFloor: {
        name: "first refresh with validation and Gold ÷ the floor",
        unit: "ratio",
        goal: { atMost: 3 },
      },
      secondToFloor: { name: "second refresh of the same ÷ the floor", unit: "ratio", goal: { atMost: 0.2 } },
      secondCommits: { name: "commits of the second refresh", unit: "count", goal: { exactly: 0 } },
      fullToFloor: { name: "everything parsed again ÷ the floor", unit: "ratio", goal: { atMost: 1.5 } },
      fullCommits: { name: "commits of parsing everything again", unit: "count", goal: { exactly: 0 } },
      changedToFirst: {
        name: "one changed bundle, Gold included ÷ first refresh",
        unit: "ratio",
        goal: { atMost: 0.15 },
      },
      firstSeconds: { name: "first refresh", unit: "s", goal: "trend" },
      floorSeconds: { name: "the floor", unit: "s", goal: "trend" },
      peakRssMib: { name: "peak memory of a worker", unit: "MiB", goal: { atMost: 1536 } },
    },
    async run({ scale, redisUrl }) {
      const patients = Math.max(4, Math.round(600 * scale));
      return { ...(await measureCluster({ redisUrl: await redisUrl(), patients })) };
    },
  },
  {
    name: "gold, full",
    size: "150,000 encounters",
    runs: 1,
    warmUp: true,
    curve: "buildSeconds",
    figures: {
      buildSeconds: { name: "full build", unit: "s", goal: { atMost: 3 } },
      buildToByHand: { name: "full build ÷ its SELECT into a file", unit: "ratio", goal: { atMost: 1.5 } },
      againToByHand: {
        name: "full build that finds nothing new ÷ that SELECT",
        unit: "ratio",
        goal: "trend",
      },
      oneToBuild: { name: "build for one changed patient ÷ full build", unit: "ratio", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureGold({ encounters: Math.round(150_000 * scale) })) };
    },
  },
  {
    name: "ten times the patients",
    size: "20 and 200 generated bundles of 3.8 MB",
    runs: 1,
    warmUp: true,
    figures: {
      growth: {
        name: "first refresh of ten times the patients ÷ first refresh",
        unit: "ratio",
        goal: { atMost: 11 },
      },
    },
    async run({ scale }) {
      const patients = Math.max(2, Math.round(20 * scale));
      const few = await measureRefresh({ patients });
      const many = await measureRefresh({ patients: patients * 10 });
      return { growth: many.firstSeconds / few.firstSeconds };
    },
  },
];
