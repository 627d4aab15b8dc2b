import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lake } from "../../data/lake.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";

export interface BenchLake extends AsyncDisposable {
  readonly lake: Lake;
  /** A folder for what is measured against. */
  readonly dir: string;
}

const GIB = 1024 ** 3;

/** A lake of its own on this machine's disk, gone afterwards. */
export async function openBenchLake(memoryBytes = 2 * GIB): Promise<BenchLake> {
  const dir = await mkdtemp(join(tmpdir(), "bench-lake-"));
  const lake = await openLake({
    storage: openFolder(join(dir, "lake")),
    duckdb: { memoryBytes, threads: 2, tempDir: join(dir, "spill") },
  });
  return {
    lake,
    dir,
    async [Symbol.asyncDispose]() {
      await lake[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Columns as an observation has them: ids, a code, a number, a time, a text. */
export const columns = [
  { name: "id", type: "long", nullable: false },
  { name: "subject", type: "string", nullable: true },
  { name: "code", type: "string", nullable: true },
  { name: "value", type: "double", nullable: true },
  { name: "taken_at", type: "timestamp", nullable: true },
] as const;

/** Rows `from` to `to`; `change` makes their values differ from those of another number. */
export function rowsSql(from: number, to: number, change = 0): string {
  return `select i as id, 'subject-' || (hash(i) % 100000) as subject, 'code-' || (i % 500) as code,
      (hash(i * 7) % 1000000) / 1000.0::double + ${change} as value,
      timestamptz '2020-01-01' + (hash(i * 3) % 100000000) * interval 1 second as taken_at
    from range(${from}, ${to}) r(i)`;
}
