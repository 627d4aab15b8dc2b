import type { Measurement } from "../harness/measurement.ts";
import { measureEnqueue } from "./enqueue.ts";
import { measureThreeSchedulers } from "./three-schedulers.ts";

export const figures: readonly Measurement[] = [
  {
    name: "enqueue",
    size: "10,000 jobs over 64 connections, 20 batches of 1,000",
    runs: 3,
    warmUp: false,
    figures: {
      httpToAdd: { name: "jobs a second by HTTP ÷ by bare queue.add", unit: "ratio", goal: { atLeast: 0.4 } },
      batchToAddBulk: {
        name: "jobs a second in batches by HTTP ÷ by bare addBulk",
        unit: "ratio",
        goal: { atLeast: 0.6 },
      },
      plainToAdd: {
        name: "the same for Express around queue.add, and nothing else",
        unit: "ratio",
        goal: "trend",
      },
      httpPerS: { name: "jobs by HTTP", unit: "per s", goal: "trend" },
      batchPerS: { name: "jobs in batches by HTTP", unit: "per s", goal: "trend" },
    },
    async run({ scale }) {
      const jobs = Math.max(200, Math.round(10_000 * scale));
      const batches = Math.max(2, Math.round(20 * scale));
      return { ...(await measureEnqueue({ rounds: scale < 1 ? 3 : 5, jobs, batches })) };
    },
  },
  {
    name: "three schedulers",
    size: "120 slots, one replica killed every 20 s",
    runs: 1,
    warmUp: false,
    figures: {
      missing: { name: "slots without a job", unit: "count", goal: { exactly: 0 } },
      twice: { name: "slots with two jobs", unit: "count", goal: { exactly: 0 } },
    },
    async run({ scale }) {
      const slots = Math.max(10, Math.round(120 * scale));
      const { missing, twice } = await measureThreeSchedulers({ slots, killEveryS: Math.min(20, slots / 2) });
      return { missing, twice };
    },
  },
];
