import { describe, expect } from "vitest";
import { z } from "zod";
import { cancelJob } from "../../queues/cancel.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { child } from "../../workers/define-job.ts";
import { startPool } from "../../workers/pool.ts";
import { jobs } from "../../workers/registry.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const Build = z.strictObject({ name: z.string(), fails: z.boolean().default(false) });

/** Builds of two stages each, which write down what they do in the order in which they do it. */
function builds(isHeld: boolean) {
  const history: string[] = [];
  const part = kind({
    kind: "part",
    input: z.strictObject({ line: z.string() }),
    async run({ input: { line } }) {
      history.push(line);
      return {};
    },
  });
  const build = kind({
    kind: "build",
    input: Build,
    attempts: 2,
    backoffMs: 1_000,
    exclusive: () => "tables",
    ...(isHeld && { isExclusiveUntilEnded: true as const }),
    async run({ input: { name, fails }, runChildren }) {
      await runChildren("one", [child(part, { line: `${name} one` })]);
      if (fails && !history.includes(`${name} fails`)) {
        history.push(`${name} fails`);
        throw new Error("it fails");
      }
      await runChildren("two", [child(part, { line: `${name} two` })]);
      return {};
    },
  });
  return { build, history, kinds: kindsOf(build, part) };
}

describe("what is exclusive until a job has ended", () => {
  for (const isHeld of [true, false]) {
    const title = isHeld
      ? "is its own while its parts run and between its attempts"
      : "is another's as soon as a worker has put it down, where the kind does not ask for more";
    test(title, async ({ queues, services }) => {
      const { build, history, kinds } = builds(isHeld);
      await using _pool = await startPool(services, { pools: ["observer"], jobOf: kinds, concurrency: 2 });
      const first = await enqueue(queues, build, { name: "a", fails: true });
      await expect.poll(() => queues.of.observer.getJobState(first.id)).toBe("delayed");
      const second = await enqueue(queues, build, { name: "b", fails: false });
      const ended = await Promise.all([first, second].map(({ id }) => untilEnded(queues, id)));

      expect(ended.map(({ state }) => state)).toEqual(["completed", "completed"]);
      const inTurn = ["a one", "a fails", "a two", "b one", "b two"];
      if (isHeld) expect(history).toEqual(inTurn);
      else expect(history).not.toEqual(inTurn);
    });
  }

  test("is free when the job that has it was cancelled", async ({ queues, services }) => {
    const { build, kinds } = builds(true);
    const first = await enqueue(queues, build, { name: "a", fails: true });
    await using _pool = await startPool(services, { pools: ["observer"], jobOf: kinds, concurrency: 2 });
    await expect.poll(() => queues.of.observer.getJobState(first.id)).toBe("delayed");

    const second = await enqueue(queues, build, { name: "b", fails: false });
    await cancelJob(queues, first.id);

    expect(await untilEnded(queues, second.id)).toMatchObject({ state: "completed" });
  });

  test("are the tables of a build and those of a refresh; the inbox only while it is looked through", () => {
    expect(jobs.cohortSense.exclusive?.({ settleMs: 0 })).toBe("inbox");
    const held = Object.values(jobs).filter((job) => job.isExclusiveUntilEnded);

    expect(held.map(({ kind: name }) => name).sort()).toEqual(["cohort-refresh", "sequences-build"]);
  });
});
