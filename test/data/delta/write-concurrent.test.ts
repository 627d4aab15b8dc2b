import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { z } from "zod";
import type { Lake } from "../../../data/lake.ts";
import { test } from "../../support/test.ts";

const PROCESSES = 3;
const MERGES = 12;

describe("writers in separate processes", () => {
  test("all have their merges applied exactly once", async ({ dir, lake }) => {
    const codes = await mergeAtOnce(dir, lake, "guarded");

    expect(codes).toEqual(Array.from({ length: PROCESSES }, () => 0));
    expect(await appliedRows(lake)).toEqual(allRows());
    const history = await lake.table("test.contended").history();
    expect(history.map(({ version }) => version)).toEqual(
      Array.from({ length: PROCESSES * MERGES + 1 }, (_, index) => PROCESSES * MERGES - index),
    );
  });

  test("lose merges when a commit may replace another: the negative control", async ({ dir, lake }) => {
    const codes = await mergeAtOnce(dir, lake, "unguarded");

    const rows = await appliedRows(lake).catch(() => []);
    expect(codes.every((code) => code === 0) && JSON.stringify(rows) === JSON.stringify(allRows())).toBe(
      false,
    );
  });
});

async function mergeAtOnce(dir: string, lake: Lake, guard: "guarded" | "unguarded"): Promise<number[]> {
  const columns = [
    { name: "id", type: "string", nullable: false },
    { name: "n", type: "long", nullable: true },
  ] as const;
  await lake.table("test.contended").ensure({ columns });
  const script = fileURLToPath(new URL("merging-process.ts", import.meta.url));
  const children = Array.from({ length: PROCESSES }, (_, writer) =>
    spawn(
      process.execPath,
      ["--import", "tsx", script, dir, ...[writer, PROCESSES, MERGES].map(String), guard],
      {
        stdio: ["pipe", "pipe", guard === "guarded" ? "inherit" : "ignore"],
      },
    ),
  );
  const ended = Promise.all(children.map(exitCode));
  await Promise.all(children.map(({ stdout }) => stdout && once(stdout, "data")));
  for (const { stdin } of children) stdin?.write("go\n");
  return ended;
}

async function exitCode(child: ChildProcess): Promise<number> {
  const [code] = await once(child, "exit");
  return Number(code);
}

async function appliedRows(lake: Lake): Promise<string[]> {
  const snapshot = await lake.table("test.contended").snapshot();
  const duckdb = await lake.duckdb();
  const rows = await duckdb.query(
    z.object({ row: z.string() }),
    `select id || '=' || n as row from (${await snapshot.readSql()})`,
  );
  return rows.map(({ row }) => row).sort();
}

function allRows(): string[] {
  const writers = Array.from({ length: PROCESSES }, (_, writer) => writer);
  return writers
    .flatMap((writer) => [
      `last-${writer}=${MERGES}`,
      ...Array.from({ length: MERGES }, (_, n) => `done-${writer}-${n + 1}=${n + 1}`),
    ])
    .sort();
}
