import { describe, expect } from "vitest";
import { z } from "zod";
import { DataError } from "../../data/errors.ts";
import type { Lake } from "../../data/lake.ts";
import { appendOldest } from "../../data/observer/append-batches.ts";
import type { ObserverEvent } from "../../data/observer/event.ts";
import { Inbox } from "../../data/observer/inbox.ts";
import { corrections, errors, outcomes, playbooks } from "../../data/observer/lessons/lesson.ts";
import { readEventValues } from "../../data/observer/read-events.ts";
import { refresh } from "../../data/observer/refresh.ts";
import { indexSignatures } from "../../data/observer/signatures.ts";
import { listDeadLetters } from "../../queues/dead-letters.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { documentOf, test } from "./terminal.ts";

const fill = (run_id: string, more: Partial<ObserverEvent> = {}): ObserverEvent => ({
  ...{ source: "scenario", event_kind: "fill", role: "Welder", count: 2, city: "Toledo", state: "OH" },
  ...{ success: true, run_id, config: { limit: 60 }, ...more },
});
const failed = (run_id: string, more: Partial<ObserverEvent> = {}) =>
  fill(run_id, { success: false, error: `gave up after ${run_id} s`, config: { limit: 10 }, ...more });

async function tell(lake: Lake, ...events: ObserverEvent[]): Promise<void> {
  const { lines } = await readEventValues(
    events.map((event, at) => ({ timestamp: Date.UTC(2026, 0, 1) + at * 1_000, ...event })),
  );
  await new Inbox(lake.storage).store(lines);
  while (await appendOldest(lake));
}

async function learn(lake: Lake): Promise<void> {
  for (const lesson of [errors, corrections, outcomes, playbooks]) await refresh(lake, lesson);
  await indexSignatures(lake);
}

describe("millrace observer", () => {
  test("of a lake that has seen nothing says what to do, by each of its verbs", async ({ terminal }) => {
    const verbs = [["tail"], ["errors"], ["errors", "--kind", "fill"], ["playbooks"], ["recommend", "fill"]];
    const said = await Promise.all(verbs.map((verb) => terminal.run("observer", ...verb)));

    expect(said.map(({ code }) => code)).toEqual(verbs.map(() => 0));
    expect(said[0]?.stdout).toContain("No events yet");
    expect(said[1]?.stdout).toContain("millrace observer analyze");
    expect(said[2]?.stdout).toContain("0 succeeded, 0 failed");
    expect(said[3]?.stdout).toContain("millrace observer analyze");
    expect(said[4]?.stdout).toContain("Nothing is known of it yet");
  });

  test("shows events, failures with what mended them, playbooks and advice, for people and as JSON", async ({
    terminal,
    lake,
  }) => {
    await tell(lake, failed("1"), failed("2"), fill("3"), fill("4"), fill("5", { event_kind: "other" }));
    await learn(lake);
    const run = (...verb: string[]) => terminal.run("observer", ...verb);
    const tuple = ["--role", "Welder", "--count", "2", "--city", "Toledo", "--state", "OH"];

    const [tail, failures, history, known, advice] = await Promise.all([
      run("tail", "--failed"),
      run("errors"),
      run("errors", "--kind", "fill"),
      run("playbooks", "--kind", "fill"),
      run("recommend", "fill", ...tuple),
    ]);
    const unknown = await run("recommend", "frobnicate");
    const documents = await Promise.all([
      run("tail", "--kind", "other", "--json"),
      run("errors", "--limit", "1", "--json"),
      run("playbooks", "--json"),
      run("recommend", "fill", ...tuple, "--json"),
    ]);

    expect(tail?.stdout.match(/gave up after # s/g)).toHaveLength(2);
    expect(tail?.stdout).not.toContain("other");
    expect(failures?.stdout).toMatch(/fill +2 +2 .*gave up after # s/);
    expect(history?.stdout).toContain("2 succeeded, 2 failed");
    expect(history?.stdout).toContain("limit 10 → 60 (2 runs, 2 successes)");
    expect(known?.stdout).toMatch(/fill +Welder +Toledo, OH +2 +100% +100%/);
    expect(advice?.stdout).toContain("This signature succeeded 2 times in 2 runs");
    expect(unknown.stdout).toContain("Nothing is known of frobnicate.");
    expect(documents.map(documentOf)).toMatchObject([
      [{ event_kind: "other", run_id: "5" }],
      [{ pattern: "gave up after # s", scopes: 2 }],
      [{ scopes: 2, config: '{"limit":60}' }],
      { playbook: { scopes: 2 }, advice: null, neighbours: [{ similarity: 1 }, {}] },
    ]);
  });

  test("follows what comes, each event once and no other kind, until it is stopped", async ({
    terminal,
    lake,
  }) => {
    await tell(lake, failed("1"));
    const following = terminal.start("observer", "tail", "--follow", "--kind", "fill");
    await following.printed("gave up after # s");

    await tell(lake, fill("x", { event_kind: "other" }));
    await tell(lake, fill("2", { source: "second" }));
    await following.printed("second");
    await tell(lake, fill("3", { source: "third" }));
    await following.printed("third");
    following.child.kill("SIGINT");

    const { stdout } = await following.finished;
    expect(stdout.match(/gave up/g)).toHaveLength(1);
    expect(stdout.match(/second/g)).toHaveLength(1);
    expect(stdout).not.toContain("other");
  });

  test("analyze takes in what waits and learns from it", async ({ terminal, services, lake }) => {
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: jobOfKind });
    const { lines } = await readEventValues([fill("a"), fill("b"), failed("1")]);
    await new Inbox(lake.storage).store(lines);

    const analysed = await terminal.run("observer", "analyze", "--json");
    const known = await terminal.run("observer", "playbooks", "--json");

    expect(documentOf(analysed)).toMatchObject([
      { kind: "observer-append", output: { events: 3 } },
      { kind: "analyze-errors", output: { done: [{ rows: 1 }, {}] } },
      { kind: "build-playbooks", output: { signatures: 1 } },
    ]);
    expect(documentOf(known)).toMatchObject([{ scopes: 2 }]);
  });
});

describe("dead show", () => {
  test("says how such work failed before and what mended it, and nothing of failures that read otherwise", async ({
    terminal,
    services,
    lake,
  }) => {
    const failing = (error: Error) =>
      kind({
        ...{ kind: "reconcile", pool: "maintenance", input: z.object({ key: z.string() }), attempts: 1 },
        run: async () => {
          throw error;
        },
      });
    const before = { event_kind: "reconcile", role: "maintenance" };
    await tell(
      lake,
      failed("1", { ...before, error: "The sums of batch 17 do not match" }),
      failed("2", { ...before, error: "The sums of batch 4 do not match" }),
      fill("3", before),
    );
    await learn(lake);
    const showAfter = async (error: Error) => {
      const work = failing(error);
      await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });
      const { id } = await enqueue(services.queues, work, { key: `${error}` });
      await untilEnded(services.queues, id);
      return id;
    };
    const alike = await showAfter(new DataError("The sums of batch 99 do not match"));
    const another = await showAfter(new DataError("There is no such table"));
    const bare = await showAfter(new Error("The sums of batch 99 do not match"));
    expect(await listDeadLetters(services.queues)).toHaveLength(3);

    const [people, document, silent, unexplained] = await Promise.all([
      terminal.run("dead", "show", alike),
      terminal.run("dead", "show", alike, "--json"),
      terminal.run("dead", "show", another),
      terminal.run("dead", "show", bare),
    ]);

    expect(people.stdout).toContain("such failures before");
    expect(people.stdout).toContain("2 times in 2 runs");
    expect(people.stdout).toMatch(/fixed by.*limit 10 → 60/);
    expect(people.stdout).toMatch(/^error +The sums of batch 99 do not match\nnamed +DataError$/m);
    expect(people.stdout).toMatch(/cause +as the error says\n +do +what the error says/);
    expect(people.stdout).not.toContain("not known");
    expect(unexplained?.stdout).toMatch(/cause +not known/);
    expect(unexplained?.stdout).toContain(`millrace jobs show ${bare}`);
    expect(documentOf(document)).toMatchObject({
      earlier: { count: 2, scopes: 2, cause: "as the error says" },
    });
    expect(silent.stdout).toContain("There is no such table");
    expect(silent.stdout).not.toContain("such failures before");
  });
});
