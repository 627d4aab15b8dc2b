import { utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ModelMatrix, tierNames } from "../../../data/llm/model-matrix.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { tier, writeMatrix } from "./scripted-model.ts";

describe("config/models.json", () => {
  test("has five tiers that fit their windows, and names only local models", async () => {
    const tiers = await new ModelMatrix().tiers();

    expect([...tiers.keys()]).toEqual(tierNames);
    for (const { primary_model } of tiers.values()) expect(primary_model).not.toMatch(/cloud|kimi|gpt/);
  });
});

describe("a matrix", () => {
  test("is read again when its file changes, and keeps what it knew when the file breaks", async () => {
    const path = join(await temporaryFolder(), "models.json");
    await writeMatrix(path);
    const matrix = new ModelMatrix(path);
    expect((await matrix.tier("T1")).primary_model).toBe("scripted");

    await writeMatrix(path, { model: "another" });
    expect((await matrix.tier("T1")).primary_model).toBe("another");

    await writeFile(path, "{");
    await utimes(path, new Date(), new Date());
    expect((await matrix.tier("T1")).primary_model).toBe("another");
    expect(matrix.fault).toMatch(/is not JSON/);

    await writeMatrix(path);
    expect((await matrix.tier("T1")).primary_model).toBe("scripted");
    expect(matrix.fault).toBeUndefined();
  });

  test("takes a window that is not known for 4,096 and says that it does", async () => {
    const path = join(await temporaryFolder(), "models.json");
    await writeMatrix(path, { context_window: undefined });

    expect(await new ModelMatrix(path).tier("T2")).toMatchObject({
      context_window: 4_096,
      window_is_assumed: true,
    });
  });

  test.each([
    [{ model: "" }, /tiers\.T1\.model/],
    [{ context_budget: 900 }, /together more than the 900 that are safe in a window of 1000/],
    [{ overflow_policy: "hope" }, /overflow_policy/],
    [{ extra: 1 }, /extra/],
  ])("with %o is refused by name", async (more, message) => {
    const path = join(await temporaryFolder(), "models.json");
    await writeFile(
      path,
      JSON.stringify({ tiers: Object.fromEntries(tierNames.map((name) => [name, tier(more)])) }),
    );

    await expect(new ModelMatrix(path).tiers()).rejects.toThrow(message);
  });
});
