import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pools } from "../../queues/pools.ts";
import type { Measurement } from "../harness/measurement.ts";
import { type BuildSize, generate, measureBare, measureKill, measureOurs } from "./build.ts";

const GIB = 1024 ** 3;
const LABS = 20_000_000;
const LIMIT = 4 * GIB;

async function withSource<T>(
  size: Omit<BuildSize, "dir">,
  work: (size: BuildSize) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "bench-sequences-"));
  try {
    await generate(dir, size.labs, size);
    return await work({ ...size, dir });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export const figures: readonly Measurement[] = [
  {
    name: "from CSV to shards",
    size: "20,000,000 laboratory values, two threads, 4 GiB",
    runs: 1,
    warmUp: false,
    curve: "seconds",
    figures: {
      bareToOurs: { name: "bare statements ÷ build and export", unit: "ratio", goal: { atLeast: 0.7 } },
      seconds: { name: "build and export", unit: "s", goal: { atMost: 60 } },
      aboveLimitMib: { name: "peak RSS above the limit", unit: "MiB", goal: { atMost: 1.5 * 1024 } },
      twiceToOnce: { name: "twice the data ÷ once", unit: "ratio", goal: { atMost: 2.2 } },
    },
    async run({ scale, redisUrl }) {
      const common = {
        redisUrl: await redisUrl(),
        memoryBytes: LIMIT,
        threads: 2,
        rowsPerRange: 5_000_000,
        concurrency: pools.sequences.perProcess,
      };
      const labs = Math.max(20_000, Math.round(LABS * scale));
      const once = await withSource({ ...common, labs }, async (size) => ({
        ours: await measureOurs(size),
        bare: await measureBare(size),
      }));
      const half = await withSource({ ...common, labs: labs / 2 }, measureOurs);
      return {
        bareToOurs: once.bare.seconds / once.ours.seconds,
        seconds: once.ours.seconds,
        aboveLimitMib: (once.ours.peakRssBytes - LIMIT) / 1024 ** 2,
        twiceToOnce: once.ours.seconds / half.seconds,
      };
    },
  },
  {
    name: "a killed worker",
    size: "4,000,000 laboratory values in 8 ranges, two workers with a thread each",
    runs: 3,
    warmUp: false,
    figures: {
      begunAgain: { name: "ranges that a kill has begun again", unit: "count", goal: { atMost: 1 } },
      rangesLost: { name: "work that a kill undoes ÷ one range", unit: "ratio", goal: { atMost: 1 } },
      waitSeconds: { name: "wait for the lock of the dead", unit: "s", goal: "trend" },
    },
    async run({ scale, redisUrl }) {
      const labs = Math.max(32_000, Math.round(4_000_000 * scale));
      const size = {
        redisUrl: await redisUrl(),
        labs,
        memoryBytes: LIMIT / 4,
        threads: 1,
        rowsPerRange: Math.ceil(labs / 8),
        concurrency: 1,
      };
      return withSource(size, async (ready) => ({ ...(await measureKill(ready)) }));
    },
  },
];
