import { expect, test } from "vitest";
import { howToInstall, loadBinding } from "../../../../data/vectors/hnsw/binding.ts";

test("the graph library is here, without which other tests of vectors fail for what they do not say", async () => {
  expect(await loadBinding(), `hnswlib-node is not installed. ${howToInstall}`).toBeDefined();
});
