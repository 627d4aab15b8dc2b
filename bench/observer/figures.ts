import type { Measurement } from "../harness/measurement.ts";
import { measureAnalysis } from "./analysis.ts";
import { measureIntake } from "./intake.ts";

export const figures: readonly Measurement[] = [
  {
    name: "events in",
    size: "200,000 events in bodies of 5,000",
    runs: 1,
    warmUp: false,
    figures: {
      eventsPerS: {
        name: "events by HTTP until they can be queried",
        unit: "per s",
        goal: { atLeast: 20_000 },
      },
      acceptedPerS: { name: "events accepted by HTTP", unit: "per s", goal: "trend" },
      httpToAppend: {
        name: "events a second by HTTP ÷ appended to a table directly",
        unit: "ratio",
        goal: { atLeast: 0.5 },
      },
      freshMs: {
        name: "from the 202 of one event until it can be queried",
        unit: "ms",
        goal: { atMost: 2_000 },
      },
    },
    async run({ scale, redisUrl }) {
      const events = Math.max(10_000, Math.round(200_000 * scale));
      return { ...(await measureIntake({ redisUrl: await redisUrl(), events })) };
    },
  },
  {
    name: "analysis",
    size: "1,000,000 events, then 1,000 more",
    runs: 1,
    warmUp: false,
    curve: "fullS",
    figures: {
      storedMiBPerMillion: { name: "a million events stored", unit: "MiB", goal: { atMost: 38.1 } },
      fullS: { name: "failures of all events analysed", unit: "s", goal: { atMost: 5 } },
      incrementalS: { name: "failures of 1,000 more events analysed", unit: "s", goal: { atMost: 0.3 } },
    },
    async run({ scale }) {
      return { ...(await measureAnalysis({ events: Math.max(10_000, Math.round(1_000_000 * scale)) })) };
    },
  },
];
