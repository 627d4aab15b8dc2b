import type { Stats } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { crashPoint } from "../crash-point.ts";
import { hasCode } from "./errors.ts";

/** Writes a new file, waits until the disk has it and answers what it is. */
export async function writeSynced(path: string, body: Uint8Array | string | Readable): Promise<Stats> {
  const file = await open(path, "w");
  try {
    if (typeof body === "string" || body instanceof Uint8Array) await file.writeFile(body);
    else for await (const chunk of body) await file.writeFile(chunk);
    crashPoint("commit-unsynced");
    await file.sync();
    return await file.stat();
  } finally {
    await file.close();
  }
}

export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is durable only when the folder that holds it is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Runs `place`, which gives a file its final name; where the folder is missing, makes it and runs it again. */
export async function withFolder<Result>(
  root: string,
  path: string,
  place: () => Promise<Result>,
): Promise<Result> {
  try {
    return await place();
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    await makeFolder(root, dirname(path));
    return await place();
  }
}

async function makeFolder(root: string, path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
    if (folder === root) break;
  }
}
