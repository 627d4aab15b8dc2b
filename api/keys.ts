import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";

const WAIT_MS = 5_000;

/** What a key may do: look, put and cancel work, or change the cluster itself. Each includes the one before. */
export const roles = ["read", "operate", "admin"] as const;
export type Role = (typeof roles)[number];

export function allows(held: Role, needed: Role): boolean {
  return roles.indexOf(held) >= roles.indexOf(needed);
}

/** A key as it is kept. The key itself is 256 random bits, so one round of SHA-256 hides it for good. */
export type StoredKey = z.infer<typeof StoredKey>;
export const StoredKey = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and hyphens, at most 63"),
  role: z.enum(roles),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created: z.iso.datetime(),
});

const KeysFile = z.strictObject({ keys: z.array(StoredKey) });

/** Adds a key to the file and returns it: it is shown this once and cannot be had again. */
export async function createKey(file: string, name: string, role: Role): Promise<string> {
  const secret = `mill_${randomBytes(32).toString("base64url")}`;
  const key = { name, role, sha256: digest(secret).toString("hex"), created: new Date().toISOString() };
  const parsed = StoredKey.safeParse(key);
  if (!parsed.success) throw new Error(`A key cannot be named ${name}: ${z.prettifyError(parsed.error)}`);

  await changeKeys(file, (keys) => {
    if (!keys.some((other) => other.name === name)) return [...keys, parsed.data];
    throw new Error(`There is a key named ${name} in ${file} already: revoke it first or take another name.`);
  });
  return secret;
}

export async function revokeKey(file: string, name: string): Promise<void> {
  await changeKeys(file, (keys) => {
    const kept = keys.filter((key) => key.name !== name);
    if (kept.length < keys.length) return kept;
    throw new Error(`There is no key named ${name} in ${file}: list the keys to see their names.`);
  });
}

/** The keys of a file; a file that does not exist has none. */
export async function listKeys(file: string): Promise<StoredKey[]> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return '{"keys":[]}';
    throw mayNotRead(file, error) ?? error;
  });
  return parseKeys(file, text);
}

/** Keys are readable to who made them only, and the API is often another user, as in a container. */
export function mayNotRead(file: string, error: unknown): Error | undefined {
  if (!(error instanceof Error && "code" in error && error.code === "EACCES")) return undefined;
  const uid = process.geteuid?.();
  const user = uid === undefined ? "this user" : `the user ${uid}`;
  const remedy = uid === undefined ? "let it read the file" : `chown ${uid} ${file}`;
  return new Error(
    `The keys in ${file} cannot be read by ${user}, for only who made them may: ${remedy}, or make them as that user.`,
    { cause: error },
  );
}

export function parseKeys(file: string, text: string): StoredKey[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON: restore it, or remove it and make new keys.`);
  }
  const parsed = KeysFile.safeParse(content);
  if (!parsed.success) throw new Error(`${file} is not a file of keys: ${z.prettifyError(parsed.error)}`);
  return parsed.data.keys;
}

/** Every key is compared, in constant time, so the time taken says nothing of which was nearest. */
export function findKey(keys: readonly StoredKey[], secret: string): StoredKey | undefined {
  const presented = digest(secret);
  let found: StoredKey | undefined;
  for (const key of keys) if (timingSafeEqual(presented, Buffer.from(key.sha256, "hex"))) found = key;
  return found;
}

function digest(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

type Change = (keys: readonly StoredKey[]) => readonly StoredKey[];

/** One at a time: who has the draft may change the file, and others wait for it. */
async function changeKeys(file: string, change: Change) {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.draft`;
  await using handle = await openAlone(draft);
  try {
    const keys = change(await listKeys(file));
    await handle.writeFile(`${JSON.stringify({ keys }, null, 2)}\n`);
    await handle.sync();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function openAlone(draft: string): Promise<FileHandle> {
  const until = Date.now() + WAIT_MS;
  for (;;) {
    try {
      return await open(draft, "wx", 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (Date.now() > until) {
        throw new Error(`Somebody else is changing the keys. If nobody is, delete ${draft} and try again.`);
      }
    }
    await pause(20);
  }
}
