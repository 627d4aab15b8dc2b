import { join } from "node:path";
import { describe, expect } from "vitest";
import { enqueue } from "../../queues/enqueue.ts";
import { reconcile } from "../../workers/maintenance/reconcile/job.ts";
import { documentOf, refuse, test } from "./terminal.ts";

describe("--json", () => {
  test.for([
    ["pools --json"],
    ["jobs ls --json"],
    ["jobs run reconcile --detach --json"],
    ["dead --json"],
    ["schedules disable nightly-vacuum --json"],
  ])("makes %j print one document, without colours, and nothing else", async ([line = ""], { terminal }) => {
    const finished = await terminal.run(...line.split(" "));

    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(documentOf(finished)).toBeTypeOf("object");
  });

  test.for([["jobs run no-such-kind --json"], ["jobs ls --limit none --json"], ["nonsense --json"]])(
    "makes %j print why it was refused as the document",
    async ([line = ""]) => {
      const finished = await refuse(...line.split(" "));

      expect(finished.code).toBe(2);
      expect(documentOf(finished)).toMatchObject({ error: { message: expect.any(String) } });
      expect(finished.stderr).toContain("error:");
    },
  );

  test.for([["jobs show no-such-job --json"], ["dead show no-such-job --json"]])(
    "makes %j print its error as the document",
    async ([line = ""], { terminal }) => {
      const finished = await terminal.run(...line.split(" "));

      expect(finished.code).not.toBe(0);
      expect(documentOf(finished)).toMatchObject({ error: { message: expect.any(String) } });
      expect(finished.stderr).toContain("error:");
    },
  );

  test("tells of a job what the queues know of it", async ({ terminal, queues }) => {
    const { id } = await enqueue(queues, reconcile, {});

    const shown = documentOf(await terminal.run("jobs", "show", id, "--json"));

    expect(shown).toMatchObject({
      id,
      kind: "reconcile",
      pool: "maintenance",
      state: "waiting",
      children: [],
      log: [],
    });
  });

  test("makes, lists and revokes keys without ever printing what is stored", async ({ terminal, dir }) => {
    const file = join(dir, "keys.json");

    const made = documentOf(
      await terminal.run("keys", "create", "robot", "--role", "operate", "--file", file, "--json"),
    );
    const listed = await terminal.run("keys", "--file", file, "--json");
    const revoked = await terminal.run("keys", "revoke", "robot", "--file", file, "--json");
    const after = documentOf(await terminal.run("keys", "ls", "--file", file, "--json"));

    expect(made).toMatchObject({ name: "robot", role: "operate", key: expect.stringMatching(/^mill_/) });
    expect(documentOf(listed)).toMatchObject([{ name: "robot", role: "operate" }]);
    expect(listed.stdout).not.toMatch(/[0-9a-f]{64}/);
    expect(revoked.code).toBe(0);
    expect(after).toEqual([]);
  });
});
