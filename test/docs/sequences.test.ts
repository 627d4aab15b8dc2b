import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { documentParts, refreshed } from "../../data/sequences/document.ts";

const page = readFileSync("docs/sequences.md", "utf8");

test("docs/sequences.md has the settings, models, lineage and checks that the code has", async () => {
  await expect(refreshed(page)).toMatchFileSnapshot("../../docs/sequences.md");
});

test("every generated part has its place on the page", () => {
  for (const name of Object.keys(documentParts)) {
    expect(page).toContain(`<!-- ${name} -->`);
    expect(page).toContain(`<!-- end of ${name} -->`);
  }
});

test("a page with a stale part is not the refreshed one", () => {
  expect(refreshed(page.replace("| `top_labs` |", "| `topmost_labs` |"))).toBe(refreshed(page));
  expect(page.replace("| `top_labs` |", "| `topmost_labs` |")).not.toBe(refreshed(page));
});
