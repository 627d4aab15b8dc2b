import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { openFolder } from "../../../data/storage/folder.ts";
import { temporaryFolder } from "../../support/folder.ts";

const script = fileURLToPath(new URL("log-writer.ts", import.meta.url));

async function openLogs() {
  const storage = openFolder(join(await temporaryFolder(), "lake"));
  const { logs } = storage;
  if (!logs) throw new Error("Files of a folder grow");
  const read = async (key: string) => (await storage.get(key)).toString("utf8");
  return { storage, logs, read };
}

describe("a log", () => {
  test("has what was appended, in order, and is an object like any other", async () => {
    const { storage, logs, read } = await openLogs();
    const log = await logs.create("deep/a.log");

    expect(await log.append("one\n")).toBe(true);
    expect(await log.append("zwei ü\n")).toBe(true);
    await log.close();

    expect(await read("deep/a.log")).toBe("one\nzwei ü\n");
    expect((await storage.stat("deep/a.log"))?.sizeBytes).toBe(12);
    await expect(logs.create("deep/a.log")).rejects.toThrow();
  });

  test("that was sealed counts nothing more, also when it is gone since", async () => {
    const { storage, logs, read } = await openLogs();
    const log = await logs.create("a.log");
    await log.append("before\n");

    expect(await logs.seal("a.log", "a.sealed")).toBe(true);
    expect(await log.append("after\n")).toBe(false);
    expect(await read("a.sealed")).toMatch(/^before\n/);
    await storage.delete("a.sealed");

    expect(await log.append("later\n")).toBe(false);
    expect(await logs.seal("a.log", "a.sealed")).toBe(false);
    await log.close();
  });

  test("has nothing of what could not be written to its end", async () => {
    const dir = await temporaryFolder();
    // A limit on the size of files stands for a full disk; the signal that comes with it would end the process.
    const command = `trap '' XFSZ; ulimit -f 8; exec "$0" --import tsx "$1" "$2"`;
    const { stdout } = await promisify(execFile)("sh", ["-c", command, process.execPath, script, dir]);

    const text = (await openFolder(dir).get("log")).toString("utf8");
    expect(Number(stdout)).toBeGreaterThan(3);
    expect(text).toBe(`${"x".repeat(699)}\n`.repeat(Number(stdout)));
  });
});
