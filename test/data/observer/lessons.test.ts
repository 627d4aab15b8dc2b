import fc from "fast-check";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { adviseErrors } from "../../../data/observer/advise.ts";
import { adviseRuns } from "../../../data/observer/advise-runs.ts";
import { appendOldest } from "../../../data/observer/append-batches.ts";
import type { ObserverEvent } from "../../../data/observer/event.ts";
import { Inbox } from "../../../data/observer/inbox.ts";
import { kindHistory } from "../../../data/observer/kind-history.ts";
import {
  actors,
  configurations,
  corrections,
  errors,
  type Lesson,
  outcomes,
  playbooks,
} from "../../../data/observer/lessons/lesson.ts";
import { readEventValues } from "../../../data/observer/read-events.ts";
import { recommendNow, storeRecommendations } from "../../../data/observer/recommend.ts";
import { refresh, refreshTogether } from "../../../data/observer/refresh.ts";
import { indexSignatures } from "../../../data/observer/signatures.ts";
import { test } from "../../support/test.ts";
import { startModel } from "../llm/scripted-model.ts";

const lessons = [errors, corrections, outcomes, configurations, playbooks, actors];
const START = Date.UTC(2026, 0, 1);

const event = (more: Partial<ObserverEvent> = {}): ObserverEvent => ({
  source: "scenario",
  event_kind: "fill",
  success: true,
  role: "Welder",
  city: "Toledo",
  state: "OH",
  count: 2,
  ...more,
});
const failure = (more: Partial<ObserverEvent> = {}) =>
  event({ success: false, error: "model timed out", ...more });

async function tell(lake: Lake, ...events: ObserverEvent[]): Promise<void> {
  const timed = events.map((each, at) => ({ timestamp: START + at * 1_000, ...each }));
  const { lines, rejected } = await readEventValues(timed);
  expect(rejected).toEqual([]);
  await new Inbox(lake.storage).store(lines);
  while (await appendOldest(lake));
}

async function rowsOf(lake: Lake, { table, key }: Lesson): Promise<Record<string, unknown>[]> {
  const rows = await (await lake.table(table).snapshot()).readSql();
  return (await lake.duckdb()).query(
    z.record(z.string(), z.unknown()),
    `select * from (${rows}) order by ${key.join(", ")}`,
  );
}

describe("a lesson", () => {
  test("made event by event is what it is when made of all events at once", async ({ lake }) => {
    const some = fc.record({
      run_id: fc.constantFrom("r1", "r2", "r3"),
      success: fc.boolean(),
      city: fc.constantFrom("Toledo", "Gary"),
      staffer_id: fc.constantFrom("ann", "bo"),
      config: fc.constantFrom({ model: "a" }, { model: "b" }),
      turns: fc.constantFrom(3, 20),
    });
    const samples = fc.sample(some, { numRuns: 60, seed: 11 });
    const story = samples.map((each, at) =>
      event({
        ...each,
        id: `e${at}`,
        timestamp: START + ((at * 37) % 60) * 1_000,
        ...(!each.success && { error: `no model at /x/${at}` }),
      }),
    );

    const ways: string[] = [];
    for (let from = 0; from < story.length; from += 20) {
      await tell(lake, ...story.slice(from, from + 20));
      for (const lesson of lessons) ways.push((await refresh(lake, lesson)).how);
    }
    expect(ways.filter((way) => way === "incremental")).toHaveLength(2 * lessons.length);
    const grown = await Promise.all(lessons.map((lesson) => rowsOf(lake, lesson)));
    for (const { table } of lessons) {
      await lake.storage.delete(`_observer/read/${table}.json`);
      await lake.table(table).delete("true");
    }
    await tell(lake, event({ id: "last", run_id: "r1", event_kind: "other" }));
    const how = [];
    for (const lesson of lessons) how.push((await refresh(lake, lesson)).how);
    const made = await Promise.all(lessons.map((lesson) => rowsOf(lake, lesson)));

    expect(how).toEqual(lessons.map(() => "full"));
    expect(grown.map((rows) => rows.length).every((count) => count > 0)).toBe(true);
    expect(made.map((rows) => rows.filter((row) => row.event_kind !== "other"))).toEqual(grown);
  });

  test("that is made again of the same events makes no commit", async ({ lake }) => {
    await tell(lake, event({ run_id: "a" }), event({ run_id: "b" }));
    await refresh(lake, playbooks);
    const { version } = await lake.table(playbooks.table).snapshot();

    expect((await refresh(lake, playbooks)).how).toBe("unchanged");
    await lake.storage.delete(`_observer/read/${playbooks.table}.json`);
    await refresh(lake, playbooks);

    expect((await lake.table(playbooks.table).snapshot()).version).toBe(version);
  });
});

test("a lesson whose query or rules have changed is made again of the same events", async ({ lake }) => {
  const sql = (turns: number) => actors.sql.replace("(20 - turns", `(${turns} - turns`);
  await tell(lake, event({ staffer_id: "ann", run_id: "a", turns: 10 }));
  const first = { ...actors, sql: sql(20) };
  await refresh(lake, first);
  expect(await refresh(lake, first)).toMatchObject({ how: "unchanged" });
  const [before] = await rowsOf(lake, actors);

  expect(await refresh(lake, { ...actors, sql: sql(30) })).toMatchObject({ how: "full" });

  const [after] = await rowsOf(lake, actors);
  expect(Number(after?.turn_efficiency)).toBeGreaterThan(Number(before?.turn_efficiency));
});

describe("lessons of one unit", () => {
  test("made together are what they are each alone, also where one of them was behind", async ({ lake }) => {
    const rounds = ["a", "b", "c"].map((run, at) => [
      failure({ run_id: run, config: { timeout: 10 } }),
      event({ run_id: `${run}2`, config: { timeout: 60 } }),
      failure({ error: `no run at ${at}`, city: "Gary" }),
    ]);
    for (const round of rounds) {
      await tell(lake, ...round);
      if (round === rounds[1]) await refresh(lake, errors);
      else await refreshTogether(lake, [errors, corrections]);
    }
    const together = await Promise.all([errors, corrections].map((lesson) => rowsOf(lake, lesson)));
    for (const lesson of [errors, corrections]) {
      await lake.storage.delete(`_observer/read/${lesson.table}.json`);
      await lake.table(lesson.table).delete("true");
    }
    await tell(lake, event({ event_kind: "other" }));
    for (const lesson of [errors, corrections]) expect((await refresh(lake, lesson)).how).toBe("full");

    expect(together).toEqual(await Promise.all([errors, corrections].map((lesson) => rowsOf(lake, lesson))));
    expect(together[0]).toMatchObject([{ scopes: 3n }, { scopes: 3n }]);
    expect(together[1]?.length).toBeGreaterThan(0);
  });

  test("of different units are refused", async ({ lake }) => {
    await tell(lake, event());
    await expect(refreshTogether(lake, [errors, actors])).rejects.toThrow(/sig_hash, staffer_id/);
  });
});

describe("an error group", () => {
  test("counts distinct runs beside occurrences, and says cause and action by rules", async ({ lake }) => {
    await tell(
      lake,
      failure({ id: "patient-17", run_id: "a", error: "connect ECONNREFUSED 10.0.0.1:11434" }),
      failure({ run_id: "a", error: "connect ECONNREFUSED 10.0.0.2:11434" }),
      failure({ run_id: "b", error: "connect ECONNREFUSED 10.0.0.3:11434" }),
    );
    await refresh(lake, errors);

    const [group, ...others] = await rowsOf(lake, errors);
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      pattern: "connect ECONNREFUSED #",
      count: 3n,
      scopes: 2n,
      cause: "a server could not be reached",
    });
    expect(JSON.stringify(group?.examples)).not.toContain("patient-17");
  });
});

describe("a failure that no rule explains", () => {
  test("is explained by the model once, from folded text; a model that talks nonsense changes nothing", async ({
    lake,
  }) => {
    await tell(
      lake,
      failure({ run_id: "a", error: "flux of 17 at '/p/anna.json'" }),
      failure({ run_id: "b" }),
    );
    await refresh(lake, errors);
    const advice = { cause: "the flux is off", action: "turn it on" };
    const wise = await startModel(() => JSON.stringify(advice));
    const silly = await startModel(() => `{"cause": 7}`);

    expect(await adviseErrors(lake, silly.bridge)).toBe(0);
    expect(await adviseErrors(lake, wise.bridge)).toBe(1);
    expect(await adviseErrors(lake, wise.bridge)).toBe(0);

    expect(wise.asked).toHaveLength(1);
    expect(wise.asked[0]?.prompt).toContain("flux of # at <text>");
    const { errors: known } = await kindHistory(lake, "fill");
    expect(known.find(({ pattern }) => pattern.startsWith("flux"))).toMatchObject(advice);
  });
});

describe("a correction", () => {
  test("names the settings that differ between the failures and the successes after them", async ({
    lake,
  }) => {
    await tell(
      lake,
      failure({ run_id: "a", config: { timeout: 10, model: "small" } }),
      failure({ run_id: "b", config: { timeout: 10, model: "small" } }),
      event({ run_id: "c", config: { timeout: 60, model: "small" } }),
      event({ run_id: "d", config: { timeout: 60, model: "small" } }),
    );
    await refresh(lake, corrections);
    await refresh(lake, errors);

    expect(await rowsOf(lake, corrections)).toMatchObject([
      {
        how: "configuration",
        failures: 2n,
        successes: 2n,
        scopes: 2n,
        difference: `[{"setting":"timeout","before":"10","after":"60"}]`,
      },
    ]);
    expect((await kindHistory(lake, "fill")).errors).toMatchObject([
      { count: 2, fixedBy: ["timeout 10 → 60 (2 runs, 2 successes)"] },
    ]);
  });

  test("is taken back when the failure comes under the new settings, too", async ({ lake }) => {
    await tell(lake, failure({ run_id: "a", config: { m: 1 } }), event({ run_id: "b", config: { m: 2 } }));
    await refresh(lake, corrections);
    expect(await rowsOf(lake, corrections)).toHaveLength(1);

    await tell(lake, failure({ run_id: "c", config: { m: 2 }, timestamp: START + 60_000 }));
    await refresh(lake, corrections);

    expect(await rowsOf(lake, corrections)).toEqual([]);
  });

  test("is a retry where the same run succeeded under the same settings, and nothing where another run did", async ({
    lake,
  }) => {
    const config = { m: 1 };
    await tell(
      lake,
      failure({ run_id: "a", config }),
      event({ run_id: "a", config }),
      failure({ run_id: "x", config, city: "Gary" }),
      event({ run_id: "y", config, city: "Gary" }),
    );
    await refresh(lake, corrections);

    expect(await rowsOf(lake, corrections)).toMatchObject([{ how: "retry", scopes: 1n }]);
  });
});

describe("events of one body that say no time", () => {
  const one = { run_id: "a", config: { m: 1 } };
  const failed = { ...event(one), success: false, error: "model timed out" };
  const correctionsOf = async (lake: Lake, events: ObserverEvent[]) => {
    const { lines } = await readEventValues(events);
    await new Inbox(lake.storage).store(lines);
    while (await appendOldest(lake));
    await refresh(lake, corrections);
    return rowsOf(lake, corrections);
  };

  test("are a correction where the failure stands first", async ({ lake }) => {
    expect(await correctionsOf(lake, [failed, event(one)])).toMatchObject([{ how: "retry" }]);
  });

  test("are none where the success stands first", async ({ lake }) => {
    expect(await correctionsOf(lake, [event(one), failed])).toEqual([]);
  });
});

describe("a playbook", () => {
  test("needs two runs, and one run that repeats itself lowers its confidence", async ({ lake }) => {
    await tell(lake, event({ run_id: "a" }), event({ run_id: "a" }), event({ run_id: "a" }));
    await refresh(lake, playbooks);
    expect(await rowsOf(lake, playbooks)).toEqual([]);

    await tell(lake, event({ run_id: "b" }));
    await refresh(lake, playbooks);

    expect(await rowsOf(lake, playbooks)).toMatchObject([{ successes: 4n, scopes: 2n, confidence: 0.5 }]);
  });

  test("is not fed by what followed it nor by the observer; the same successes without a citation would count", async ({
    lake,
  }) => {
    await tell(lake, event({ run_id: "a" }), event({ run_id: "b" }));
    await refresh(lake, playbooks);
    const [first] = await rowsOf(lake, playbooks);
    const recalled = [String(first?.playbook_id)];

    await tell(lake, event({ run_id: "c", recalled }), event({ run_id: "d", source: "observer" }));
    await refresh(lake, playbooks);
    expect(await rowsOf(lake, playbooks)).toMatchObject([
      { successes: 2n, scopes: 2n, followed_succeeded: 1n },
    ]);

    await tell(lake, event({ run_id: "e" }));
    await refresh(lake, playbooks);
    expect(await rowsOf(lake, playbooks)).toMatchObject([{ successes: 3n, scopes: 3n }]);
  });
});

describe("competence", () => {
  test("is the weighted sum of its parts, without those that nothing is known of", async ({ lake }) => {
    const runs = ["1", "2", "3"];
    await tell(
      lake,
      ...runs.map((run_id) =>
        event({
          staffer_id: "all",
          run_id,
          filled: 2,
          turns: 3,
          citations: 5,
          rescue_attempted: true,
          rescue_succeeded: true,
        }),
      ),
      ...runs.map((run_id) =>
        event({ staffer_id: "calm", run_id: `c${run_id}`, filled: 1, turns: 20, citations: 0 }),
      ),
      event({ staffer_id: "new", run_id: "n1", filled: 2 }),
    );
    await refresh(lake, actors);

    const found = await rowsOf(lake, actors);
    expect(found.map(({ staffer_id }) => staffer_id)).toEqual(["all", "calm", "new"]);
    expect(found[0]).toMatchObject({
      competence: 1,
      turn_efficiency: 1,
      citation_density: 1,
      rescue_rate: 1,
    });
    expect(found[1]?.competence).toBeCloseTo((0.45 * 0.5) / 0.85);
    expect(found[1]).toMatchObject({ rescue_rate: null, turn_efficiency: 0, citation_density: 0 });
    expect(found[2]?.competence).toBeCloseTo(0.5 + 0.5 / 3);
  });
});

describe("a recommendation", () => {
  test("comes from the nearest signatures, where the best actors weigh most and nobody less than the floor", async ({
    lake,
  }) => {
    const config = { model: "good" };
    await tell(
      lake,
      ...["a", "b", "c"].map((run_id) => event({ run_id, config, staffer_id: "able" })),
      ...["d", "e", "f"].map((run_id) =>
        failure({ run_id, city: "Gary", state: "IN", staffer_id: "unable" }),
      ),
      event({ run_id: "g", role: "Cook", city: "Nashville", state: "TN" }),
    );
    for (const lesson of lessons) await refresh(lake, lesson);
    expect(await indexSignatures(lake)).toBe(3);
    expect(await indexSignatures(lake)).toBe(0);

    const advice = await recommendNow(lake, {
      event_kind: "fill",
      role: "Welder",
      count: 3,
      city: "Toledo",
      state: "OH",
    });

    expect(advice.playbook).toMatchObject({ config: JSON.stringify(config), scopes: 3 });
    const competence = new Map(advice.neighbours.map(({ text, competence }) => [text, competence]));
    expect(competence.get("fill 2 Welder in Toledo, OH")).toBe(1);
    expect(competence.get("fill 2 Welder in Gary, IN")).toBe(0.3);
    expect(competence.get("fill 2 Cook in Nashville, TN")).toBe(0.5);
    expect(advice.neighbours[0]?.text).toBe("fill 2 Welder in Toledo, OH");
    expect(advice.warnings).toMatchObject([{ pattern: "model timed out", scopes: 3 }]);
    expect(await storeRecommendations(lake)).toBe(3);
  });

  test("carries what the overview model makes of the findings, which is asked once for the same findings", async ({
    lake,
  }) => {
    const good = ["a", "b"].map((run_id) => event({ run_id, config: { model: "good" } }));
    const learn = async (...events: ObserverEvent[]) => {
      await tell(lake, ...events);
      for (const lesson of lessons) await refresh(lake, lesson);
      await indexSignatures(lake);
      await storeRecommendations(lake);
    };
    const tuple = { event_kind: "fill", role: "Welder", count: 2, city: "Toledo", state: "OH" };
    const wise = await startModel(() => "Use the good model.", { context_window: 4_000 });
    await learn(...good);
    expect((await recommendNow(lake, tuple)).advice).toBeNull();

    expect(await adviseRuns(lake, wise.bridge)).toBe(1);
    await learn(event({ run_id: "c", config: { model: "good" } }));
    expect(await adviseRuns(lake, wise.bridge)).toBe(0);
    await learn(failure({ run_id: "d", config: { model: "bad" } }));
    expect(await adviseRuns(lake, wise.bridge)).toBe(1);

    expect((await recommendNow(lake, tuple)).advice).toBe("Use the good model.");
    expect(wise.asked).toHaveLength(2);
    expect(wise.asked[1]?.prompt).toContain("model timed out");
  });

  test("of a kind that nothing is known of says so and names those there are; a near signature is named with its likeness", async ({
    lake,
  }) => {
    await tell(lake, ...["a", "b"].map((run_id) => event({ run_id })), failure({ run_id: "c" }));
    await tell(lake, event({ event_kind: "weigh", role: "truck", run_id: "d" }));
    for (const lesson of lessons) await refresh(lake, lesson);
    await indexSignatures(lake);
    const nowhere = { role: null, count: null, city: null, state: null };
    const known = { event_kind: "fill", role: "Welder", count: 2, city: "Toledo", state: "OH" };

    const unknown = await recommendNow(lake, { ...nowhere, event_kind: "frobnicate" });
    const near = await recommendNow(lake, { ...known, count: 3 });
    const itself = await recommendNow(lake, known);

    expect(unknown).toMatchObject({ playbook: null, neighbours: [], warnings: [] });
    expect(unknown.notes).toHaveLength(1);
    expect(unknown.notes[0]).toMatch(/^Nothing is known of frobnicate\. .*: (fill, weigh|weigh, fill)$/);
    const named = /^A near signature, fill 2 Welder in Toledo, OH \(0\.\d\d alike\), /;
    expect(near.notes.map((note) => note.replace(named, ""))).toEqual([
      "succeeded 2 times in 2 runs (67% of its attempts)",
      expect.stringMatching(/^failed 1 time with: model timed out/),
    ]);
    expect(itself.notes[0]).toMatch(/^This signature succeeded/);
    expect(itself.notes[1]).toMatch(/^Failed 1 time with/);
  });

  test("of a lake that has seen nothing is empty and no error", async ({ lake }) => {
    const advice = await recommendNow(lake, {
      event_kind: "fill",
      role: null,
      count: null,
      city: null,
      state: null,
    });

    expect(advice).toMatchObject({ playbook: null, notes: [], neighbours: [] });
  });
});
