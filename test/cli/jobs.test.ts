import { Worker } from "bullmq";
import { describe, expect } from "vitest";
import { z } from "zod";
import { DataError } from "../../data/errors.ts";
import { enqueue } from "../../queues/enqueue.ts";
import { sayAlive } from "../../queues/heartbeats.ts";
import { findJob } from "../../queues/jobs.ts";
import { untilEnded } from "../../queues/watch.ts";
import { child, type JobContext } from "../../workers/define-job.ts";
import { reconcile } from "../../workers/maintenance/reconcile/job.ts";
import { startPool } from "../../workers/pool.ts";
import { Gate } from "../support/gate.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { documentOf, test } from "./terminal.ts";

const Enqueued = z.object({ id: z.string() });

/** Work under the name of a kind that the command line knows, done as the test wishes. */
function reconcileAs(run: (context: JobContext<object, undefined>) => Promise<unknown>) {
  return kind({ kind: "reconcile", pool: "maintenance", input: z.object({}), run });
}

describe("jobs", () => {
  test("asks for work, waits for its end and prints its output", async ({ terminal, services }) => {
    const work = reconcileAs(async () => ({ requeued: 3 }));
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });

    const people = await terminal.run("jobs", "run", "reconcile");
    const document = await terminal.run("reconcile", "--json");

    expect(people.code).toBe(0);
    expect(people.stdout).toMatch(/done reconcile in .*\n {2}requeued {2}3/);
    expect(documentOf(document)).toEqual({ requeued: 3 });
  });

  test("lists, shows and cancels a job that nobody works on", async ({ terminal, queues }) => {
    const { id } = Enqueued.parse(
      documentOf(await terminal.run("jobs", "run", "reconcile", "--detach", "--json")),
    );

    const [listed, none, shown] = await Promise.all([
      terminal.run("jobs", "ls", "--state", "waiting"),
      terminal.run("jobs", "ls", "--state", "active"),
      terminal.run("jobs", "show", id),
    ]);
    const cancelled = await terminal.run("jobs", "cancel", id);

    expect(listed.stdout).toContain(id);
    expect(none.stdout).toBe("No job is active. All of them: millrace jobs ls\n");
    expect(shown.stdout).toMatch(/state +waiting/);
    expect(cancelled).toMatchObject({ code: 0, stdout: `${id}  cancelled\n` });
    expect(await findJob(queues, id)).toMatchObject({ cancelled: true });
  });

  test("says of a running job which attempt it is in, and when its worker is gone", async ({
    terminal,
    queues,
  }) => {
    const { id } = await enqueue(queues, reconcile, {});
    const { redis, address } = queues;
    const options = { connection: redis, prefix: address.prefix, autorun: false, lockDuration: 600_000 };
    const worker = new Worker("maintenance", undefined, options);
    await worker.getNextJob("a worker that dies");

    const held = await terminal.run("jobs", "show", id);
    await redis.del(`${queues.of.maintenance.toKey(id)}:lock`);
    const alone = await terminal.run("jobs", "show", id);
    const heartbeat = { id: "other", host: "h", pid: 1, running: 0, eventLoopLagMs: 0, rssBytes: 0 };
    const at = new Date(Date.now() + 600_000).toISOString();
    await sayAlive(queues, { ...heartbeat, pools: ["maintenance"], startedAt: at, at });
    const served = await terminal.run("jobs", "show", id);
    await worker.close();

    expect(held.stdout).toMatch(/state +running/);
    expect(held.stdout).toMatch(/attempts +1st of \d/);
    expect(held.stdout).not.toContain("gone");
    expect(alone.stdout).toMatch(/worker +it is gone, and nobody serves maintenance: millrace worker/);
    expect(served.stdout).toMatch(/worker +it is gone; the job is taken up again within 5\.0 s/);
  });

  test("retries what failed, and refuses to retry what did not", async ({ terminal, services, queues }) => {
    let runs = 0;
    const work = reconcileAs(async () => {
      runs += 1;
      if (runs === 1) throw new DataError("the first run is a bad one");
      return "good";
    });
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });
    const { id } = await enqueue(queues, work, {});
    await untilEnded(queues, id);

    const retried = await terminal.run("jobs", "retry", id);
    const watched = await terminal.run("jobs", "watch", id);
    const again = await terminal.run("jobs", "retry", id);

    expect(retried.code).toBe(0);
    expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining("good") });
    expect(again.code).toBe(1);
    expect(again.stdout).toContain("only a failed job can be retried");
  });

  test("fails with the job's error and says where the dead letter is", async ({ terminal, services }) => {
    const work = reconcileAs(async () => {
      throw new DataError("the sums do not match");
    });
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });

    const { code, stdout, stderr } = await terminal.run("jobs", "run", "reconcile");
    const [, id = ""] = /millrace dead show (\S+)/.exec(stderr) ?? [];
    const shown = await terminal.run("dead", "show", id);
    const purged = await terminal.run("dead", "purge", "--all");
    const after = await terminal.run("dead", "ls");

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("the sums do not match");
    expect(shown.stdout).toContain("another run will fail alike");
    expect(purged).toMatchObject({ code: 0, stdout: "1 dead letter purged.\n" });
    expect(after.stdout).toBe("Nothing failed for good.\n");
  });

  test("replays a dead letter", async ({ terminal, services, queues }) => {
    let runs = 0;
    const work = reconcileAs(async () => {
      runs += 1;
      if (runs === 1) throw new DataError("mended since");
      return null;
    });
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });
    const { id } = await enqueue(queues, work, {});
    await untilEnded(queues, id);

    const replayed = documentOf(await terminal.run("dead", "replay", id, "--json"));
    const ended = await untilEnded(queues, id);

    expect(replayed).toMatchObject([{ id, jobId: id }]);
    expect(ended.state).toBe("completed");
  });

  test("shows the stages of a job and of its parts", async ({ terminal, services }) => {
    const part = kind({
      kind: "part",
      input: z.object({ at: z.number() }),
      run: async ({ input }) => input.at,
    });
    const work = reconcileAs(async (context) => {
      await context.reportProgress({ stage: "counting", done: 2, total: 4, unit: "tables" });
      const parts = [1, 2, 3].map((at) => child(part, { at }));
      return context.runChildren("measure", parts);
    });
    const jobOf = kindsOf(work, part);
    await using _pool = await startPool(services, { pools: ["maintenance", "observer"], jobOf });

    const { stderr } = await terminal.run("jobs", "run", "reconcile");

    expect(stderr).toMatch(/counting: \d\/4 tables/);
    expect(stderr).toContain("measure: 3/3 jobs");
  });
});

describe("Ctrl-C", () => {
  test("cancels the job and waits until it has ended", async ({ terminal, services, queues }) => {
    const gate = new Gate();
    let id = "";
    const work = reconcileAs(async (context) => {
      id = context.id;
      await gate.passed(context.signal);
    });
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });

    const running = terminal.start("jobs", "run", "reconcile");
    await gate.reached();
    running.child.kill("SIGINT");
    const { code, stderr } = await running.finished;

    expect(code).toBe(130);
    expect(stderr).toContain("reconcile was cancelled");
    expect(await findJob(queues, id)).toMatchObject({ state: "failed", cancelled: true });
  });

  test("leaves the job to itself when it comes twice, and says how to follow it", async ({
    terminal,
    services,
  }) => {
    const gate = new Gate();
    const work = reconcileAs(() => gate.passed());
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });

    const running = terminal.start("jobs", "run", "reconcile");
    await gate.reached();
    running.child.kill("SIGINT");
    await running.printed("Ctrl-C again");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.finished;
    gate.open();

    expect(code).toBe(130);
    expect(stderr).toMatch(/next: +millrace jobs watch reconcile\./);
  });

  test("leaves a job that somebody else had asked for, and says how to follow it", async ({
    terminal,
    services,
    queues,
  }) => {
    const work = reconcileAs(async () => "done");
    await queues.of.maintenance.pause();
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });
    const { id } = await enqueue(queues, reconcile, {});

    const running = terminal.start("jobs", "run", "reconcile");
    await running.printed("this is that job");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.finished;
    const left = await findJob(queues, id);
    await queues.of.maintenance.resume();

    expect(code).toBe(130);
    expect(stderr).not.toContain("Cancelling");
    expect(stderr).toContain("as it is, for it was asked for before");
    expect(stderr).toMatch(/next: +millrace jobs watch reconcile\./);
    expect(left).toMatchObject({ cancelled: false });
    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed" });
  });

  test("ends a watch and lets the job run", async ({ terminal, services, queues }) => {
    const gate = new Gate();
    const work = reconcileAs(() => gate.passed());
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });
    const { id } = await enqueue(queues, work, {});
    await gate.reached();

    const watching = terminal.start("jobs", "watch", id);
    await watching.printed(": running");
    watching.child.kill("SIGINT");
    const { code } = await watching.finished;
    const left = await findJob(queues, id);
    gate.open();

    expect(code).toBe(130);
    expect(left).toMatchObject({ state: "active", cancelled: false });
    expect(await untilEnded(queues, id)).toMatchObject({ state: "completed" });
  });
});
