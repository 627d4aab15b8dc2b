import { describe, expect } from "vitest";
import { z } from "zod";
import { routes } from "../../api/routes.ts";
import { appendOldest } from "../../data/observer/append-batches.ts";
import {
  actors,
  configurations,
  corrections,
  errors,
  outcomes,
  playbooks,
} from "../../data/observer/lessons/lesson.ts";
import { storeRecommendations } from "../../data/observer/recommend.ts";
import { refresh } from "../../data/observer/refresh.ts";
import { indexSignatures } from "../../data/observer/signatures.ts";
import { openLake } from "../../data/open-lake.ts";
import { openFolder } from "../../data/storage/folder.ts";
import { test } from "./api.ts";

const nouns = [
  "events",
  "errors",
  "corrections",
  "playbooks",
  "outcomes",
  "signatures",
  "configurations",
  "actors",
  "recommendations",
];
const event = { source: "scenario", event_kind: "fill", role: "Welder", success: true, staffer_id: "ann" };
const story = [
  { ...event, success: false, error: "timed out after 10 s", run_id: "a", config: { limit: 10 } },
  { ...event, run_id: "b", config: { limit: 60 } },
  { ...event, run_id: "c", config: { limit: 60 } },
].map((each, at) => ({ ...each, timestamp: Date.UTC(2026, 0, 1) + at }));

describe("GET /observer", () => {
  test("lists each table as its schema says, and says what fixed a kind and what to do next", async ({
    serve,
    dir,
  }) => {
    await using lake = await openLake({
      storage: openFolder(`${dir}/lake`),
      duckdb: { memoryBytes: 512 * 1024 ** 2, threads: 2, tempDir: dir },
    });
    const api = await serve({ lake });
    const read = async (path: string) => (await api.fetch(`/observer/${path}`)).json();
    for (const noun of nouns) expect(await read(noun)).toEqual({ [noun]: [] });

    expect((await api.post("/observer/events", story)).status).toBe(202);
    expect(await read("status")).toMatchObject({ waiting: { batches: 1 } });
    while (await appendOldest(lake));
    for (const lesson of [errors, corrections, outcomes, configurations, playbooks, actors])
      await refresh(lake, lesson);
    await indexSignatures(lake);
    await storeRecommendations(lake);

    for (const noun of nouns) {
      const list = z.record(z.string(), z.array(z.unknown())).parse(await read(noun));
      expect(list[noun]?.length, noun).toBeGreaterThan(0);
      const route = Object.values(routes).find(
        ({ method, path }) => method === "get" && path === `/observer/${noun}`,
      );
      if (route && "reply" in route) expect(route.reply.safeParse(list).error, noun).toBeUndefined();
    }
    expect(await read("conflicts")).toEqual({ conflicts: [] });
    const told = z.object({ events: z.array(z.object({ id: z.string() })) }).parse(await read("events"));
    const [{ id } = { id: "" }] = told.events;
    await api.post("/observer/events", { ...event, id, city: "elsewhere" });
    while (await appendOldest(lake));
    expect(await read(`conflicts?id=${id}`)).toMatchObject({ conflicts: [{ id, event_kind: "fill" }] });
    expect(await read("status")).toMatchObject({ repeated: { duplicates: 0, conflicting: 1 } });
    expect(await read("events?success=false")).toMatchObject({ events: [{ run_id: "a" }] });
    expect(await read("events?event_kind=other")).toEqual({ events: [] });
    expect(await read("kinds/fill")).toMatchObject({
      succeeded: 2,
      failed: 1,
      errors: [{ pattern: "timed out after # s", fixedBy: ["limit 10 → 60 (2 runs, 2 successes)"] }],
    });
    expect(await read("recommendation?event_kind=fill&role=Welder")).toMatchObject({
      playbook: { config: '{"limit":60}' },
      neighbours: [{ similarity: 1 }],
    });
    expect((await api.fetch("/observer/errors?pattern=x")).status).toBe(422);
  });

  test("shows the models of the tiers", async ({ serve }) => {
    const api = await serve();

    const { tiers } = z
      .object({ tiers: z.array(z.unknown()) })
      .parse(await (await api.fetch("/models/matrix")).json());

    expect(tiers).toHaveLength(5);
    expect(tiers[0]).toMatchObject({ tier: "T1", think: false, context_window: 32_768 });
  });
});
