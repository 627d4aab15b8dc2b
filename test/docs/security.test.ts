import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const rows = [...readFileSync("docs/security.md", "utf8").matchAll(/^\| (.+?) \| (.+) \|$/gm)]
  .map(([, claim = "", held = ""]) => ({ claim, held }))
  .filter(({ claim }) => claim !== "claim" && !claim.startsWith("-"));

function missing(held: string): string | undefined {
  const [, file = "", title = ""] = /^`([^`]+)` (.+)$/.exec(held) ?? [];
  if (!existsSync(file)) return `there is no ${file || held}`;
  return readFileSync(file, "utf8").includes(title) ? undefined : `${file} has no test "${title}"`;
}

describe("docs/security.md", () => {
  test.each(rows)("has a test for: $claim", ({ held }) => {
    expect(missing(held)).toBeUndefined();
  });

  test("would not be believed without one", () => {
    expect(rows.length).toBeGreaterThan(20);
    expect(missing("`test/api/keys.test.ts` keys are never checked")).toBeDefined();
    expect(missing("word of honour")).toBeDefined();
  });
});
