import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import { IndexExistsError, IndexNotFoundError } from "./errors.ts";
import { IndexDefinition, IndexName, indexFolder, vectorsTable } from "./index-definition.ts";
import { ensureVectors } from "./vectors-table.ts";

function definitionKey(index: string): string {
  return `${indexFolder(index)}/index.json`;
}

/** Creates the index and its table of vectors, empty; the same definition again changes nothing. */
export async function createIndex(lake: Lake, definition: IndexDefinition): Promise<IndexDefinition> {
  const created = IndexDefinition.parse(definition);
  const body = `${JSON.stringify(created, undefined, 2)}\n`;
  await ensureVectors(lake, created);
  if (await lake.storage.putIfAbsent(definitionKey(created.name), body)) return created;
  const there = await readIndex(lake, created.name);
  if (JSON.stringify(there) !== JSON.stringify(created)) throw new IndexExistsError(created.name);
  return there;
}

export async function readIndex(lake: Lake, index: string): Promise<IndexDefinition> {
  const found = await findIndex(lake, index);
  if (!found) throw new IndexNotFoundError(index);
  return found;
}

export async function findIndex(lake: Lake, index: string): Promise<IndexDefinition | undefined> {
  if (!IndexName.safeParse(index).success) return undefined;
  try {
    return IndexDefinition.parse(JSON.parse((await lake.storage.get(definitionKey(index))).toString()));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** All indexes, sorted by name. */
export async function listIndexes(lake: Lake): Promise<IndexDefinition[]> {
  const names: string[] = [];
  for await (const { key } of lake.storage.list("_vectors/")) {
    const [, name, file, ...rest] = key.split("/");
    if (name && file === "index.json" && rest.length === 0) names.push(name);
  }
  const found = await Promise.all(names.map((name) => findIndex(lake, name)));
  return found.filter((index) => index !== undefined);
}

/**
 * Removes the index, its generations and its vectors. The definition goes first: what a crash leaves behind after it
 * belongs to nobody, and an index created again under the name takes it over or replaces it at its first refresh.
 */
export async function dropIndex(lake: Lake, index: string): Promise<void> {
  const { name } = await readIndex(lake, index);
  await lake.storage.delete(definitionKey(name));
  for (const folder of [indexFolder(name), lake.table(vectorsTable({ name })).root])
    await deleteUnder(lake, `${folder}/`);
}

async function deleteUnder(lake: Lake, prefix: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of lake.storage.list(prefix)) keys.push(key);
  for (const key of keys) await lake.storage.delete(key);
}
