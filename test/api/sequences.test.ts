import { join } from "node:path";
import { pino } from "pino";
import { describe, expect } from "vitest";
import { openLake } from "../../data/open-lake.ts";
import { generateMimic } from "../../data/sequences/generator/generate.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { openQueues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import { test } from "./api.ts";

describe("the routes of sequences", () => {
  test("build a release, report on it, check it and show a subject", async ({ address, dir, serve }) => {
    const storage = openFolder(join(dir, "lake"));
    const duckdb = { memoryBytes: 2 ** 29, threads: 2, tempDir: join(dir, "spill") };
    await using lake = await openLake({ storage, duckdb });
    const connection = await (await lake.duckdb()).connect();
    const source = join(dir, "mimic");
    await generateMimic(connection, source, { patients: 12, labs: 500, seed: 3, gzip: false, badRows: true });
    connection.closeSync();
    await using queues = openQueues(address, { role: "worker", store: storage });
    await using _pool = await startPool(
      { lake, queues, log: pino({ level: "silent" }) },
      { pools: ["sequences"], jobOf: jobOfKind },
    );
    const api = await serve({ lake });

    expect((await api.fetch("/sequences/report")).status).toBe(422);
    expect((await api.post("/sequences/build", { settings: {} })).status).toBe(422);
    const accepted = await api.post("/sequences/build", { source });
    expect(accepted.status).toBe(202);
    const { id } = (await accepted.json()) as { id: string };
    expect((await untilEnded(queues, id)).error).toBeNull();

    const report = (await (await api.fetch("/sequences/report")).json()) as Record<string, never>;
    expect(report).toMatchObject({
      settings: { scheme: "admission_bins" },
      tables: { raw_labevents: { rejects: 2, rows_out: 500 } },
      collision_source: "codes seen in both versions",
    });
    const checks = (await (await api.fetch("/sequences/check")).json()) as { failed: number; passed: number };
    expect(checks.failed).toBe(0);
    expect(checks.passed).toBeGreaterThan(38);
    const subject = await api.fetch("/sequences/subjects/10000000?limit=3");
    if (subject.status === 200) {
      const { tokens } = (await subject.json()) as { tokens: { code: string }[] };
      expect(tokens[0]?.code).toMatch(/^TIME_/);
    }
    expect((await api.fetch("/sequences/subjects/5")).status).toBe(404);
    expect((await api.post("/sequences/export", { out: join(dir, "out"), formats: ["tokens"] })).status).toBe(
      202,
    );
  });
});
