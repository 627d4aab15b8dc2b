import type { StagedRows } from "../delta/table.ts";
import { NotFoundError } from "../errors.ts";
import type { Lake } from "../lake.ts";
import type { Build, Step } from "./steps.ts";

/** What one part of a build left for the whole: files that no table has yet, and the record of its steps. */
export interface Part {
  readonly staged: Readonly<Record<string, StagedRows>>;
  readonly steps: readonly Step[];
}

function keyOf(build: Build, name: string): string {
  return `_staged/sequences/${build.id}/${name}.json`;
}

/** Undefined when the part is not finished. */
export async function readPart(lake: Lake, build: Build, name: string): Promise<Part | undefined> {
  try {
    return JSON.parse((await lake.storage.get(keyOf(build, name))).toString()) as Part;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** A part is finished by this one write, and done again from the beginning when it was killed before. */
export async function writePart(lake: Lake, build: Build, name: string, part: Part): Promise<void> {
  await lake.storage.put(keyOf(build, name), JSON.stringify(part));
}

export async function removeParts(lake: Lake, build: Build): Promise<void> {
  for await (const { key } of lake.storage.list(`_staged/sequences/${build.id}/`))
    await lake.storage.delete(key);
}
