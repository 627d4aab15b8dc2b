import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { GatheredOutput } from "../../api/gathered-output.ts";
import { test } from "../support/test.ts";

const program = fileURLToPath(new URL("gathered-lines.ts", import.meta.url));
const start = (...args: string[]) =>
  spawn(process.execPath, ["--import", "tsx", program, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });

test("writes every line once and in order, those at the very end too", async () => {
  const child = start("3000");
  child.stdin.end();
  const said = await text(child.stdout);

  expect(said.split("\n").slice(0, -1)).toEqual(Array.from({ length: 3000 }, (_, at) => `line ${at}`));
});

test("ends when nobody reads it any more, with lines still to write", async () => {
  const child = start("3000");
  child.stdout.destroy();
  child.stdin.end();
  const [code] = await once(child, "exit");

  expect(code).toBe(0);
});

test("says how many lines were dropped while nobody read", async ({ dir }) => {
  const file = join(dir, "log");
  const fd = openSync(file, "a");
  const output = new GatheredOutput(fd);
  // The first write holds the rest back until the event loop turns.
  for (let at = 0; at < 5; at += 1) output.write(`${"x".repeat(1024 * 1024)}\n`);
  for (let at = 0; at < 10; at += 1) output.write("dropped\n");
  const lines = async () =>
    (await readFile(file, "utf8")).split("\n").filter((line) => !line.startsWith("x"));
  await expect
    .poll(async () => (await lines()).join("\n"))
    .toMatch(/"dropped":10,"msg":"The log was not read"/);
  closeSync(fd);

  expect(await lines()).not.toContain("dropped");
});
