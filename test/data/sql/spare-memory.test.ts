import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect } from "vitest";
import { z } from "zod";
import { test } from "../../support/test.ts";

const MIB = 1024 ** 2;

/** What a process has, in MiB, after its engine has freed more than a hundred; see `freeing-process.ts`. */
async function afterFreeing(dir: string, bytes: number): Promise<number> {
  const program = fileURLToPath(new URL("./freeing-process.ts", import.meta.url));
  const args = ["--import", "tsx", program, dir, String(bytes)];
  return Number((await promisify(execFile)(process.execPath, args)).stdout);
}

// Elsewhere DuckDB has another allocator.
describe.runIf(process.platform === "linux" && process.arch === "x64")("what the engine has freed", () => {
  test("is given back before it takes more, while somebody works on much", async ({ dir }) => {
    expect(await afterFreeing(dir, 512 * MIB)).toBeLessThan(50);

    // The control: by itself the engine waits for half a gigabyte.
    expect(await afterFreeing(dir, MIB)).toBeGreaterThan(100);
  });
});

describe("work on much memory", () => {
  test("is what the engine is told of as long as any of it lasts", async ({ lake }) => {
    const engine = await lake.duckdb();
    const threshold = async () => {
      const sql = "select current_setting('allocator_bulk_deallocation_flush_threshold') as value";
      const [row] = await engine.query(z.object({ value: z.string() }), sql);
      return row?.value;
    };
    const atRest = await threshold();
    const much = 8 * 1024 ** 4;
    {
      await using _one = await engine.spare(much);
      {
        await using _other = await engine.spare(much);
        expect(await threshold()).toBe("255.0 KiB");
      }
      expect(await threshold()).toBe("255.0 KiB");
    }
    expect(await threshold()).toBe(atRest);
    await using _little = await engine.spare(1);
    expect(await threshold()).toBe(atRest);
  });
});
