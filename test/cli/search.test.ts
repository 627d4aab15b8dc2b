import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { currentPointer } from "../../data/vectors/generations/pointers.ts";
import { readTrials, recordTrials } from "../../data/vectors/trials/journal.ts";
import { startPool } from "../../workers/pool.ts";
import { jobOfKind } from "../../workers/registry.ts";
import { buildIndex } from "../data/vectors/built.ts";
import { makeNotes, vectorOf } from "../data/vectors/notes.ts";
import { trialOf } from "../data/vectors/trial.ts";
import { createNotesIndex, refresh, writeNotes } from "../workers/embedding/lake-of-notes.ts";
import { runHere } from "./here.ts";
import { documentOf, test } from "./terminal.ts";

const workers = { pools: ["autotune", "embedding"], jobOf: jobOfKind } as const;

describe("vectors create", () => {
  test("says that an index is there already, and which table was meant", async ({ lake, dir }) => {
    await writeNotes(lake, [{ id: "a", note: "Dry cough." }]);
    const create = (table: string) =>
      runHere(dir, "vectors", "create", "notes", "--table", table, "--id", "id", "--text", "note");

    const wrong = await create("corpus.noets");
    const first = await create("corpus.notes");
    const again = await create("corpus.notes");

    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /There is no table corpus.noets: did you mean corpus.notes\?\nnext: +millrace table ls/,
      ),
    });
    expect(first.stdout).toMatch(/^created notes: \d+ numbers/);
    expect(again.stdout).toMatch(/^notes is there already, unchanged: \d+ numbers/);
  });
});

describe("search", () => {
  test("in words needs neither Redis nor an API, and shows the text and the columns asked for", async ({
    lake,
    dir,
    services,
  }) => {
    await writeNotes(lake, [
      { id: "a", note: "Sprained ankle, no fracture." },
      { id: "b", note: "Dry cough since a week." },
    ]);
    await createNotesIndex(lake);
    {
      await using _pool = await startPool(services, workers);
      await refresh(services);
    }

    const people = await runHere(dir, "search", "notes", "a dry cough", "-k", "1", "--include", "visits");
    const document = documentOf(await runHere(dir, "search", "notes", "a dry cough", "--hybrid", "--json"));

    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toMatch(
      /^ {2}1 {2}0\.\d{4} {2}b\n {5}visits=0\n {5}Dry cough since a week\.\nexact: .*not built yet/,
    );
    expect(document).toMatchObject({ index: "notes", hits: [{ id: "b" }, { id: "a" }] });
  });

  test("by a vector with a filter says how the hits were found", async ({ lake, dir }) => {
    await makeNotes(lake, 400);
    await buildIndex(lake);
    const vector = JSON.stringify(await vectorOf(lake, "n17"));

    const found = await runHere(
      dir,
      "search",
      "notes",
      "--vector",
      vector,
      "--filter",
      "number < 20",
      "-k",
      "2",
    );

    expect(found.code).toBe(0);
    expect(found.stdout).toMatch(/^ {2}1 {2}1\.0000 {2}n17\n/);
    expect(found.stdout).toMatch(/exact-filtered: .*generation 1.*20 rows meet the filter\n$/);
  });

  test.for<[string[], number, string]>([
    [["nothing", "cough"], 1, "no vector index nothing"],
    [["notes"], 2, "text or a vector"],
    [["notes", "--vector", "[1,"], 2, "not JSON"],
    [["notes", "--vector", "[1,2]"], 1, "has 16 numbers"],
    [["notes", "--vector", `[${new Array(16).fill(1)}]`, "-k", "0"], 2, "k"],
    [["notes", "--vector", `[${new Array(16).fill(1)}]`, "-k", "10000"], 2, "k"],
    [
      ["notes", "--vector", `[${new Array(16).fill(1)}]`, "--filter", "number in (select 1)"],
      1,
      "query of its own",
    ],
    [["notes", "--vector", `[${new Array(16).fill(1)}]`, "--include", "colour"], 1, "no column colour"],
  ])("refuses %j with its reason", async ([args, code, reason], { lake, dir }) => {
    await makeNotes(lake, 10);

    const refused = await runHere(dir, "search", ...args);

    expect(refused).toMatchObject({ code, stdout: "" });
    expect(refused.stderr).toContain(reason);
  });
});

describe("tune", () => {
  test("shows each trial, ends with the frontier as a table and a picture, and what serves", async ({
    lake,
    dir,
    terminal,
    services,
  }) => {
    await makeNotes(lake, 600);
    await using _pool = await startPool(services, workers);
    const picture = join(dir, "frontier.svg");

    const tuned = await terminal.run(
      "tune",
      "notes",
      "--budget",
      "1m",
      "--target-recall",
      "0.9",
      "--svg",
      picture,
    );

    expect(tuned).toMatchObject({ code: 0 });
    expect(tuned.stderr).toMatch(/tried.* M \d+ .*recall [01]\.\d{3} /);
    expect(tuned.stdout).toMatch(
      /The frontier:\n *rows +M +ef built +ef searched +recall +p50 ms +p95 ms +built in s\n( +[\d.]+){8}\n/,
    );
    expect(tuned.stdout).toMatch(/\n(promoted|kept) generation \d+: /);
    expect(await readFile(picture, "utf8")).toMatch(/^<svg [\s\S]*target 0\.9<[\s\S]*<\/svg>\n$/);
    expect((await readTrials(lake, "notes")).length).toBeGreaterThan(0);
  });

  test("writes no file unasked", async ({ lake, terminal, services, dir }) => {
    await makeNotes(lake, 300);
    await buildIndex(lake);
    await using _pool = await startPool(services, workers);
    const here = join(dir, "here");
    await mkdir(here);

    const { code, stdout } = await terminal.in(here).run("tune", "notes", "--budget", "1s");

    expect(code).toBe(0);
    expect(stdout).not.toContain("written");
    expect(await readdir(here)).toEqual([]);
  });

  test.for<[string[], string]>([
    [["--budget", "soon"], "--budget is a time, not soon"],
    [["--target-recall", "1.5"], "share up to 1, not 1.5"],
  ])("refuses %j", async ([args, reason], { lake, dir }) => {
    await makeNotes(lake, 10);

    const refused = await runHere(dir, "tune", "notes", ...args);

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(reason);
  });

  test("says that an index on disk has nothing to tune, and that one without vectors has nothing yet", async ({
    lake,
    terminal,
    services,
    dir,
  }) => {
    await makeNotes(lake, 0);
    await makeNotes(lake, 0, { name: "disk", backend: "lance" });
    await using _pool = await startPool(services, workers);

    const empty = await terminal.run("tune", "notes", "--budget", "1s");
    const disk = await runHere(dir, "tune", "disk");

    expect([empty.code, disk.code]).toEqual([1, 2]);
    expect(empty.stderr).toContain("has no vectors to tune");
    expect(disk.stderr).toContain("only a graph in memory");
  });
});

test("a trial is promoted by its name, at one of its widths", async ({ lake, terminal, services, dir }) => {
  await makeNotes(lake, 300);
  await recordTrials(lake, [trialOf(40), trialOf(80)]);
  await using _pool = await startPool(services, workers);

  const promoted = await terminal.run("vectors", "promote", "notes", "t1", "--width", "80");
  const unknown = await runHere(dir, "vectors", "promote", "notes", "no-such-trial");

  expect(promoted).toMatchObject({ code: 0, stdout: expect.stringContaining("serving generation 1") });
  expect((await currentPointer(lake.storage, "notes"))?.generation.setting).toEqual({
    m: 24,
    efConstruction: 90,
    efSearch: 80,
    seed: 7,
  });
  expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("no trial no-such-trial")]);
});
