import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { poolNames } from "../queues/pools.ts";
import { jobs } from "../workers/registry.ts";
import { importsOf, LINES_MAX, read, sourceFolders, sourcesIn, violationsOf } from "./support/import-law.ts";

describe.each(sourceFolders)("every file of %s keeps the law", (folder) => {
  test.each(sourcesIn(folder))("%s", (file) => {
    expect(violationsOf(file, read(file))).toEqual([]);
  });
});

describe("a breach of the law is found", () => {
  test.each([
    ["data/lake.ts", `import { pools } from "../queues/pools.ts";`],
    ["queues/enqueue.ts", `import { ref } from "../data/redact.ts";`],
    ["workers/pool.ts", `import { routes } from "../api/routes.ts";`],
    ["api/app.ts", `import { run } from "../workers/gold-build/build/run.ts";`],
    ["cli/lake.ts", `const later = () => import("../workers/gold-build/build/run.ts");`],
    ["workers/gold-build/build/run.ts", `import { run } from "../../silver-merge/merge/run.ts";`],
    ["workers/gold-build/build/run.ts", `import { Worker } from "bullmq";`],
    ["api/app.ts", `import "../config.ts";`],
    ["data/utils.ts", ""],
    ["data/helpers/dates.ts", ""],
    ["queues/queue-service.ts", ""],
    ["data/lake.ts", "// TODO write it"],
    ["data/lake.ts", " * Not implemented for views."],
    ["data/lake.ts", `const dir = "${"/ho"}me/someone/lake";`],
    ["data/lake.ts", "\n".repeat(LINES_MAX + 1)],
  ])("in %s: %s", (file, source) => {
    expect(violationsOf(file, source)).toHaveLength(1);
  });

  test.each([
    ["api/board.ts", `import { Queue } from "bullmq";`],
    ["api/main.ts", `import { readConfig } from "../config.ts";`],
    ["workers/gold-build/build/run.ts", `import { merge } from "../../silver-merge/merge/job.ts";`],
    ["cli/commands/jobs.ts", `import { jobs } from "../../workers/registry.ts";`],
    ["data/lake.ts", "\n".repeat(LINES_MAX)],
  ])("and what the law allows is left alone, in %s: %s", (file, source) => {
    expect(violationsOf(file, source)).toEqual([]);
  });
});

describe("registries", () => {
  const rooms = poolNames
    .filter((pool) => existsSync(join("workers", pool)))
    .flatMap((pool) =>
      readdirSync(join("workers", pool)).map((kind) => join("workers", pool, kind, "job.ts")),
    )
    .filter((file) => existsSync(file));

  test("workers/registry.ts has one line for each room, and no other", () => {
    const registered = importsOf("workers/registry.ts", read("workers/registry.ts"));

    expect(registered.filter((file) => basename(file) === "job.ts").sort()).toEqual([...rooms].sort());
  });

  test("each kind is registered once, under the name and in the pool of its room", () => {
    const registered = Object.values(jobs).map(({ kind, pool }) => join("workers", pool, kind, "job.ts"));

    expect([...registered].sort()).toEqual([...rooms].sort());
  });

  test("the folders of workers are pools", () => {
    const folders = readdirSync("workers", { withFileTypes: true }).filter((entry) => entry.isDirectory());

    expect(poolNames).toEqual(expect.arrayContaining(folders.map(({ name }) => name)));
  });

  test.each([
    ["api/routes", "api/routes.ts"],
    ["cli/commands", "cli/commands.ts"],
  ])("every file of %s is named in %s", (folder, registry) => {
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name));
    const reached = new Set(importsOf(registry, read(registry)));
    // A part of another one is reached through it.
    for (const file of files) for (const target of importsOf(file, read(file))) reached.add(target);

    expect(files.filter((file) => !reached.has(file))).toEqual([]);
  });
});

test("nothing starts a Redis by its name: there may be none on PATH", () => {
  const files = [...sourceFolders, "test", "bench"].filter((folder) => existsSync(folder)).flatMap(sourcesIn);
  const naming = /(spawn|exec|execFile|fork|run)\w*\(\s*["'`](redis|valkey)-/;

  expect(naming.test(`spawn("redis-server", [])`)).toBe(true);
  expect(files.filter((file) => file !== "test/architecture.test.ts" && naming.test(read(file)))).toEqual([]);
});

test("every test file stands in a folder of what it tests", () => {
  const folders = sourcesIn("test")
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => dirname(file).split("/")[1])
    .filter((folder) => folder !== undefined);

  expect([...sourceFolders, "bench", "chaos", "fuzz", "support", "ci", "docs"]).toEqual(
    expect.arrayContaining([...new Set(folders)]),
  );
});

test("a crash point is armed by the chaos tests and by nothing that is shipped", () => {
  const arming = sourceFolders
    .flatMap(sourcesIn)
    .filter((file) => file !== "data/crash-point.ts" && read(file).includes("armCrashPoints"));

  expect(arming).toEqual([]);
  expect(read("test/chaos/worker.ts")).toContain("armCrashPoints");
});
