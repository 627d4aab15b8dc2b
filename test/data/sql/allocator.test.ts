import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { z } from "zod";
import { test } from "../../support/test.ts";

const Freed = z.object({ more: z.number(), allocator: z.string() });

/** What a process has, in MiB, after its engine has freed more than a hundred; see `freeing-process.ts`. */
async function afterFreeing(dir: string, threshold: string[] = [], allocator?: string) {
  const program = fileURLToPath(new URL("./freeing-process.ts", import.meta.url));
  const env = allocator === undefined ? {} : { DUCKDB_JE_MALLOC_CONF: allocator };
  const args = ["--import", "tsx", program, dir, ...threshold];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return Freed.parse(JSON.parse(stdout));
}

// Elsewhere DuckDB has another allocator.
describe.runIf(process.platform === "linux" && process.arch === "x64")("what the engine has freed", () => {
  test("is given back before it takes more", { timeout: 60_000 }, async ({ dir }) => {
    expect((await afterFreeing(dir)).more).toBeLessThan(50);

    // The control: by itself the engine waits for half a gigabyte.
    expect((await afterFreeing(dir, ["512MiB"])).more).toBeGreaterThan(100);
  });

  test("is given back and not only offered, unless an operator says otherwise", async ({ dir }) => {
    expect((await afterFreeing(dir)).allocator).toBe("muzzy_decay_ms:0");
    expect((await afterFreeing(dir, [], "muzzy_decay_ms:500")).allocator).toBe("muzzy_decay_ms:500");
  });
});
