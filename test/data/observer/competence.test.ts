import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { competenceRules, readCompetenceRules, ruleConstants } from "../../../data/observer/competence.ts";
import { temporaryFolder } from "../../support/folder.ts";

async function written(change: object): Promise<string> {
  const path = join(await temporaryFolder(), "competence.json");
  await writeFile(path, JSON.stringify({ ...competenceRules, ...change }));
  return path;
}

test("the rules of competence are a file, and SQL has a name for each", async () => {
  const rules = readCompetenceRules(await written({ citations_full: 7 }));

  expect(ruleConstants(rules)).toMatchObject({
    citations_full: 7,
    w_fill: 0.45,
    w_rescue: 0.15,
    turns_min: 3,
  });
});

test.each([
  ["a weight that is none", { weights: { ...competenceRules.weights, fill: 2 } }, /weights\.fill/],
  ["a name that nobody reads", { turns: 3 }, /turns/],
  ["bounds that are the wrong way round", { turns_min: 30 }, /turns_min must be less than turns_max/],
])("%s is refused by the field's name", async (_, change, message) => {
  const path = await written(change);
  expect(() => readCompetenceRules(path)).toThrow(message);
});
