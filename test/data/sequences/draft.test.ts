import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { openDraft } from "../../../data/sequences/exports/draft.ts";
import { test } from "../../support/test.ts";

/** A folder that nobody has touched for a minute. */
async function silent(path: string): Promise<void> {
  await mkdir(join(path, "tokens"), { recursive: true });
  const then = new Date(Date.now() - 60_000);
  await utimes(path, then, then);
}

describe("a draft", () => {
  test("takes the place of what was published before, and is gone", async ({ dir }) => {
    for (const text of ["first", "second"]) {
      await using draft = await openDraft(dir, "tokens");
      await mkdir(join(draft.path, "tokens"));
      await writeFile(join(draft.path, "tokens", text), text);
      await writeFile(join(draft.path, "vocab.csv"), text);
      await draft.publish("tokens", "vocab.csv");
    }

    expect((await readdir(dir)).sort()).toEqual(["tokens", "vocab.csv"]);
    expect(await readdir(join(dir, "tokens"))).toEqual(["second"]);
    expect(await readFile(join(dir, "vocab.csv"), "utf8")).toBe("second");
  });

  test("goes with an export that failed, and leaves what stood there", async ({ dir }) => {
    await mkdir(join(dir, "tokens"));

    const failing = async () => {
      await using draft = await openDraft(dir, "tokens");
      await mkdir(join(draft.path, "tokens"));
      throw new Error("the export failed");
    };

    await expect(failing()).rejects.toThrow("the export failed");
    expect(await readdir(dir)).toEqual(["tokens"]);
  });

  test("of a killed export is removed by the next, whatever it was writing; one in use and what is not ours stay", async ({
    dir,
  }) => {
    const killed = [".tokens-4711.draft", ".meds-0b6c7c0e-3f7a-4c39-a7c1-0f2a2f2b8d11.draft"];
    const foreign = [".draft", ".notes-1.draft", "tokens-1.draft", ".tokens-1.draft.bak"];
    for (const name of [...killed, ...foreign]) await silent(join(dir, name));
    await using inUse = await openDraft(dir, "meds");

    await using draft = await openDraft(dir, "tokens");

    const left = (await readdir(dir)).map((name) => join(dir, name)).sort();
    expect(left).toEqual([...foreign.map((name) => join(dir, name)), inUse.path, draft.path].sort());
  });
});
