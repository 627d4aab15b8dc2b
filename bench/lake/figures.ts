import type { Measurement } from "../harness/measurement.ts";
import { measureConcurrency } from "./concurrency.ts";
import { measureMemory } from "./memory.ts";
import { measureMerge } from "./merge.ts";
import { readLarge } from "./read-large.ts";
import { measureCommit, measureWrite } from "./write.ts";

const scaled = (size: number, scale: number, least: number) => Math.max(least, Math.round(size * scale));

export const figures: readonly Measurement[] = [
  {
    name: "write and read",
    size: "10,000,000 rows",
    runs: 1,
    warmUp: true,
    curve: "appendSeconds",
    figures: {
      appendToCopy: { name: "append ÷ DuckDB's COPY", unit: "ratio", goal: { atMost: 1.3 } },
      readToParquet: {
        name: "full read ÷ reading the same Parquet",
        unit: "ratio",
        goal: { atMost: 1.3 },
      },
      appendSeconds: { name: "append", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      return { ...(await measureWrite({ rows: scaled(10_000_000, scale, 10_000) })) };
    },
  },
  {
    name: "commit",
    size: "200 commits",
    runs: 3,
    warmUp: true,
    figures: { p50Ms: { name: "a commit alone, p50", unit: "ms", goal: { atMost: 5 } } },
    async run({ scale }) {
      return { ...(await measureCommit({ commits: scaled(200, scale, 20) })) };
    },
  },
  {
    name: "merge",
    size: "100,000 rows into 10,000,000",
    runs: 3,
    warmUp: false,
    curve: "mergeSeconds",
    figures: {
      mergeToSql: { name: "merge ÷ the same by hand in SQL", unit: "ratio", goal: { atMost: 2 } },
      unchangedToChanged: {
        name: "merge that changes nothing ÷ one that changes all its rows",
        unit: "ratio",
        goal: { atMost: 0.5 },
      },
      commitsOfUnchanged: {
        name: "commits of a merge that changes nothing",
        unit: "count",
        goal: { exactly: 0 },
      },
      mergeSeconds: { name: "merge", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      const batch = scaled(100_000, scale, 1_000);
      return { ...(await measureMerge({ rows: batch * 100, files: 40, batch })) };
    },
  },
  {
    name: "merge that hides rows",
    size: "100,000 rows into 10,000,000",
    runs: 3,
    warmUp: false,
    figures: {
      mergeToSql: {
        name: "merge that hides rows ÷ rewriting by hand in SQL",
        unit: "ratio",
        goal: { atMost: 2 },
      },
      mergeSeconds: { name: "merge that hides rows", unit: "s", goal: "trend" },
      unchangedSeconds: { name: "merge that changes nothing, over hidden rows", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      const batch = scaled(100_000, scale, 1_000);
      return { ...(await measureMerge({ rows: batch * 100, files: 40, batch, hidesRows: true })) };
    },
  },
  {
    name: "open a large table",
    size: "100,000 files, 1,000 commits after the checkpoint",
    runs: 3,
    warmUp: false,
    figures: {
      coldMs: { name: "opening it the first time", unit: "ms", goal: { atMost: 2_000 } },
      warmMs: { name: "opening it again", unit: "ms", goal: "trend" },
      heldMs: { name: "event loop held meanwhile, longest", unit: "ms", goal: { atMost: 50 } },
    },
    async run() {
      return { ...(await readLarge()) };
    },
  },
  {
    name: "contention",
    size: "4 processes × 500 merges of one table",
    runs: 1,
    warmUp: false,
    figures: {
      missing: { name: "merges lost or done twice", unit: "count", goal: { exactly: 0 } },
      gaps: { name: "gaps in the log", unit: "count", goal: { exactly: 0 } },
      failedProcesses: { name: "errors that reached a writer", unit: "count", goal: { exactly: 0 } },
      seconds: { name: "all merges", unit: "s", goal: "trend" },
    },
    async run({ scale }) {
      const { asked, applied, commits, gaps, failedProcesses, seconds } = await measureConcurrency({
        merges: scaled(500, scale, 5),
      });
      return {
        missing: Math.abs(asked - applied) + Math.abs(asked - commits),
        gaps,
        failedProcesses,
        seconds,
      };
    },
  },
  {
    name: "memory",
    size: "20,000,000 rows, DuckDB limited to 512 MiB",
    runs: 1,
    warmUp: false,
    figures: Object.fromEntries(
      ["append", "merge", "delete", "optimize", "overwrite"].map((operation) => [
        operation,
        { name: `${operation}: above the limit`, unit: "MiB", goal: { atMost: 300 } },
      ]),
    ),
    async run({ scale }) {
      return await measureMemory({ rows: scaled(20_000_000, scale, 100_000) });
    },
  },
];
