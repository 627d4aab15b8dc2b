import { pino } from "pino";
import { describe, expect } from "vitest";
import type { Lake } from "../../data/lake.ts";
import { openQueues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import type { Caller } from "./api.ts";
import { test } from "./lake-api.ts";

const bundle = (...resources: object[]) => ({
  resourceType: "Bundle",
  entry: resources.map((resource) => ({ resource })),
});
const patient = { resourceType: "Patient", id: "p", gender: "female" };
const visit = { resourceType: "Encounter", id: "e", subject: { reference: "Patient/p" } };

async function upload(api: Caller, content: string | object, name: string, cohort = "A") {
  const reply = await api.fetch(`/cohorts/${cohort}/bundles?name=${encodeURIComponent(name)}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof content === "string" ? content : JSON.stringify(content),
  });
  return { status: reply.status, body: await reply.json() };
}

async function count(lake: Lake, table: `${string}.${string}`): Promise<unknown> {
  const connection = await (await lake.duckdb()).connect();
  try {
    const rows = await (await lake.table(table).snapshot()).readSql();
    return Number((await connection.runAndReadAll(`select count(*) from (${rows})`)).getRows()[0]?.[0]);
  } finally {
    connection.closeSync();
  }
}

describe("the routes of cohorts", () => {
  test("take a bundle to Silver and Gold, and tell what could not be read", async ({
    address,
    lake,
    serve,
  }) => {
    await using queues = openQueues(address, { role: "worker", store: lake.storage });
    await using _pool = await startPool(
      { lake, queues, log: pino({ level: "silent" }) },
      { pools: ["cohort-ingest", "silver-merge", "gold-build"], jobOf: jobOfKind },
    );
    const api = await serve({ lake });
    const ask = async (path: string, body: object) => {
      const accepted = await api.post(path, body);
      expect(accepted.status).toBe(202);
      const { id } = (await accepted.json()) as { id: string };
      return await untilEnded(queues, id);
    };
    const quarantine = async () =>
      ((await (await api.fetch("/quarantine")).json()) as { bundles: Record<string, string>[] }).bundles;

    const first = await upload(api, bundle(patient, visit), "p.json");
    expect(first).toEqual({ status: 202, body: { landed: 1, changed: 0, skipped: 0 } });
    expect((await upload(api, bundle(patient, visit), "p.json")).body).toMatchObject({ skipped: 1 });
    expect((await upload(api, bundle({ ...patient, gender: "male" }, visit), "p.json")).body).toMatchObject({
      changed: 1,
    });
    expect((await upload(api, { resourceType: "Patient", id: "q" }, "q.json", "B")).status).toBe(202);

    const refreshed = await ask("/cohorts/A/refresh", { withGold: true });
    expect(refreshed.error).toBeNull();
    expect(refreshed.output).toMatchObject({ bundles: 1, quarantined: 0, inserted: 2, gold: "full" });
    expect(await count(lake, "gold.encounter_summary")).toBe(1);
    expect(await ask("/cohorts/B/refresh", {})).toMatchObject({ output: { bundles: 1, quarantined: 1 } });

    const [aside] = await quarantine();
    expect(aside).toEqual({
      ref: expect.stringMatching(/^ref:[0-9a-f]{10}$/),
      cohort: "B",
      reason: "not_bundle",
    });
    const listed = await (await api.fetch("/cohorts")).json();
    expect(listed).toEqual({
      cohorts: [
        { cohort: "A", files: 1, bytes: expect.any(Number), quarantined: 0 },
        { cohort: "B", files: 1, bytes: expect.any(Number), quarantined: 1 },
      ],
    });

    const none = await api.post("/quarantine/retry", { refs: ["ref:0000000000"] });
    expect(await none.json()).toEqual({ retried: 0 });
    const retried = await api.post("/quarantine/retry", { refs: [aside?.ref] });
    expect(await retried.json()).toEqual({ retried: 1 });
    expect(await quarantine()).toEqual([]);
    expect(await ask("/cohorts/B/refresh", {})).toMatchObject({ output: { bundles: 1, quarantined: 1 } });

    expect((await ask("/validate", {})).output).toMatchObject({ tables: 10 });
    expect((await ask("/gold", { full: true })).output).toMatchObject({ mode: "full", rows: 1 });
    await lake.table("silver.patient").delete("true");
    expect((await ask("/validate", { strict: true })).error).toMatch(/Rules fail in .*silver\.patient/);
  });

  test("refuse what is no bundle's name, no cohort's and no refresh's, and say so of an unknown cohort", async ({
    address,
    lake,
    serve,
  }) => {
    await using queues = openQueues(address, { role: "worker", store: lake.storage });
    await using _pool = await startPool(
      { lake, queues, log: pino({ level: "silent" }) },
      { pools: ["cohort-ingest"], jobOf: jobOfKind },
    );
    const api = await serve({ lake });

    expect((await upload(api, bundle(), "../p.json")).status).toBe(422);
    expect((await upload(api, bundle(), "p.json", "no%20cohort")).status).toBe(404);
    expect((await api.post("/cohorts/A/refresh", { cohorts: ["B"] })).status).toBe(422);
    const accepted = await api.post("/cohorts/Z/refresh", {});
    const { id } = (await accepted.json()) as { id: string };
    expect((await untilEnded(queues, id)).error).toMatch(/millrace land/);
  });
});
