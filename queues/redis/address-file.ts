import { randomUUID } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ProcessIdentity } from "./process-identity.ts";

/** Where the server of a folder listens. Readable by its owner only, for it holds the password. */
export const ServerAddress = z.strictObject({
  port: z.int(),
  password: z.string(),
  /** The process that keeps the server. */
  keeper: z.int(),
  /** Known from the moment it runs, so that a server whose keeper died is found again. */
  server: ProcessIdentity.nullable(),
  /** False before it answers and while it may be leaving. */
  ready: z.boolean(),
});
export type ServerAddress = z.infer<typeof ServerAddress>;

export async function readAddress(dir: string): Promise<ServerAddress | undefined> {
  const text = await readFile(fileIn(dir), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return ServerAddress.parse(JSON.parse(text));
  } catch {
    // Written in one step, so only a power cut leaves less than all of it, and no server outlives that.
    return undefined;
  }
}

/** Replaces the file in one step: readers see the old address or the new one. */
export async function writeAddress(dir: string, address: ServerAddress): Promise<void> {
  const draft = `${fileIn(dir)}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(address), { mode: 0o600 });
  await rename(draft, fileIn(dir));
}

export function urlOf({ port, password }: ServerAddress): string {
  return `redis://:${password}@127.0.0.1:${port}`;
}

function fileIn(dir: string): string {
  return join(dir, "address.json");
}
