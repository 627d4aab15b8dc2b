import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { dataDictionaryPath, renderDataDictionary } from "./data-dictionary.ts";
import { goldSchemaPath, renderGoldSchema } from "./gold-schema.ts";

/** The documents that are written from the code. */
const documents: Readonly<Record<string, () => string>> = {
  [dataDictionaryPath]: renderDataDictionary,
  [goldSchemaPath]: renderGoldSchema,
};

/** Writes the documents under a folder and tells which were out of date; with `check` it only tells. */
export async function writeDocuments(
  root: string,
  { check = false }: { readonly check?: boolean } = {},
): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, render] of Object.entries(documents)) {
    const text = render();
    const before = await readFile(join(root, path), "utf8").catch(() => undefined);
    if (before === text) continue;
    stale.push(path);
    if (check) continue;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return stale;
}
