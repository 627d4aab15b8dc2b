import { readFile } from "node:fs/promises";
import { describe, expect } from "vitest";
import { z } from "zod";
import { startPool } from "../../workers/pool.ts";
import { Gate } from "../support/gate.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { processesOf, until } from "./processes.ts";
import { documentOf, test } from "./terminal.ts";

describe("a command that does work, with no cluster anywhere", () => {
  test("brings one up for as long as it needs it, and shares it with another", async ({
    terminal,
    address,
  }) => {
    const alone = terminal.with({ REDIS_URL: undefined });

    const [first, second] = await Promise.all([
      alone.run("reconcile", "--json"),
      alone.run("reconcile", "--json"),
    ]);

    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(documentOf(first)).toHaveProperty("requeued");
    await until(async () => (await processesOf(address.prefix)).length === 0);
  });

  test("keeps what it queued for the next one", async ({ terminal }) => {
    const alone = terminal.with({ REDIS_URL: undefined });

    const asked = await alone.run("jobs", "run", "reconcile", "--detach", "--json");
    const { id } = z.object({ id: z.string() }).parse(documentOf(asked));
    await alone.run("reconcile");
    const shown = documentOf(await alone.run("jobs", "show", id, "--json"));

    expect(shown).toMatchObject({ id, state: "completed" });
  });
});

describe("a Redis that somebody named", () => {
  test("gets no worker of ours: the command says which to start and waits", async ({
    terminal,
    address,
    queues,
    services,
  }) => {
    const work = kind({
      kind: "reconcile",
      pool: "maintenance",
      input: z.object({}),
      run: async () => "late",
    });
    const running = terminal.start("jobs", "run", "reconcile");
    await running.printed("millrace worker --pool maintenance");
    await running.printed("waiting");
    const processes = await processesOf(address.prefix);
    await using _pool = await startPool(
      { ...services, queues },
      { pools: ["maintenance"], jobOf: kindsOf(work) },
    );

    expect(await running.finished).toMatchObject({ code: 0 });
    expect(processes).toContain(running.child.pid);
  });
});

describe("a command that only asks for work", () => {
  test("never loads DuckDB", async ({ terminal, services, lake }) => {
    const gate = new Gate();
    const work = kind({
      kind: "reconcile",
      pool: "maintenance",
      input: z.object({}),
      run: () => gate.passed(),
    });
    await using _pool = await startPool(services, { pools: ["maintenance"], jobOf: kindsOf(work) });
    await lake.duckdb();

    const running = terminal.start("jobs", "run", "reconcile");
    await running.printed(": running");
    const [asking, control] = await Promise.all([
      readFile(`/proc/${running.child.pid}/maps`, "utf8"),
      readFile("/proc/self/maps", "utf8"),
    ]);
    gate.open();
    await running.finished;

    expect(asking).not.toContain("duckdb");
    expect(control).toContain("duckdb");
  });
});
