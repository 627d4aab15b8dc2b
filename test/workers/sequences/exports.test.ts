import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Lake } from "../../../data/lake.ts";
import { isOlderThanBuild } from "../../../data/sequences/exports/age.ts";
import { generateMimic } from "../../../data/sequences/generator/generate.ts";
import { runChecks } from "../../../data/sequences/run-checks.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { startPool } from "../../../workers/pool.ts";
import { jobOfKind } from "../../../workers/registry.ts";
import { Input, sequencesBuild } from "../../../workers/sequences/sequences-build/job.ts";
import { Input as ExportInput, sequencesExport } from "../../../workers/sequences/sequences-export/job.ts";
import { test } from "../../support/test.ts";

const ofExports = ["A44", "A45", "A46", "A47", "A48"];

async function results(lake: Lake, out: string): Promise<Record<string, number | null>> {
  const found = await runChecks(lake, { out });
  return Object.fromEntries(
    found.filter(({ id }) => ofExports.includes(id)).map(({ id, violations }) => [id, violations]),
  );
}

describe("an export", () => {
  test("in every layout and with every choice of times passes its checks, and a damaged one does not", async ({
    dir,
    lake,
    services,
  }) => {
    const source = join(dir, "mimic");
    const out = join(dir, "out");
    const connection = await (await lake.duckdb()).connect();
    await generateMimic(connection, source, {
      patients: 12,
      labs: 600,
      seed: 5,
      gzip: false,
      badRows: false,
    });
    connection.closeSync();
    await using _pool = await startPool(services, { pools: ["sequences"], jobOf: jobOfKind });
    const { id } = await enqueue(services.queues, sequencesBuild, Input.parse({ source }));
    expect((await untilEnded(services.queues, id)).error).toBeNull();

    const choices = [
      { rowsPerShard: 500 },
      { layout: "hive", daysColumn: "days_since_prior_admission" },
      { dxTime: "admission", labTime: "store" },
    ];
    const sound = Object.fromEntries(ofExports.map((check) => [check, 0]));
    for (const choice of choices) {
      const job = await enqueue(services.queues, sequencesExport, ExportInput.parse({ out, ...choice }));
      expect((await untilEnded(services.queues, job.id)).error).toBeNull();
      expect(await results(lake, out)).toEqual(sound);
    }

    expect(await isOlderThanBuild(lake, out)).toBe(false);
    await utimes(join(out, "manifest.json"), new Date(0), new Date(0));
    expect(await isOlderThanBuild(lake, out)).toBe(true);
    expect((await readdir(out)).sort()).toEqual(["manifest.json", "meds", "tokens", "vocab.csv"]);
    await writeFile(
      join(out, "meds/metadata/times.json"),
      JSON.stringify({ dx_time: "discharge", lab_time: "chart" }),
    );
    await writeFile(join(out, "tokens", "00000.parquet"), "x", { flag: "a" });
    const damaged = await results(lake, out);
    expect(damaged.A44).toBeGreaterThan(0);
    expect(damaged.A48).toBeGreaterThan(0);
  });
});
