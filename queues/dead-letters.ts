import { z } from "zod";
import { DeadLetterNotFoundError } from "./errors.ts";
import { poolNames } from "./pools.ts";
import type { Queues } from "./queues.ts";
import { isMissing, type RecordStore } from "./record-store.ts";

const PREFIX = "_dead/";

export const DeadLetter = z
  .strictObject({
    id: z.string(),
    kind: z.string(),
    pool: z.enum(poolNames),
    input: z.unknown(),
    error: z.strictObject({ name: z.string(), message: z.string(), code: z.string().optional() }),
    attempts: z.number(),
    backoffMs: z.number(),
    /** How many attempts its kind allows; a replay has them all again. */
    attemptsAllowed: z.number(),
    /** The last lines of the job's own log. */
    log: z.array(z.string()),
    failedAt: z.string(),
    parentId: z.string().nullable(),
  })
  .meta({ id: "DeadLetter" });
export type DeadLetter = z.infer<typeof DeadLetter>;

/** Work that has failed for good, oldest first. */
export async function listDeadLetters(queues: Queues): Promise<DeadLetter[]> {
  const store = storeOf(queues);
  const letters: DeadLetter[] = [];
  for await (const { key } of store.list(PREFIX)) {
    const letter = await read(store, key);
    if (letter) letters.push(letter);
  }
  return letters.sort((a, b) => a.failedAt.localeCompare(b.failedAt));
}

export async function showDeadLetter(queues: Queues, id: string): Promise<DeadLetter> {
  const letter = await read(storeOf(queues), keyOf(id));
  if (!letter) throw new DeadLetterNotFoundError(id);
  return letter;
}

export async function purgeDeadLetter(queues: Queues, id: string): Promise<void> {
  await showDeadLetter(queues, id);
  await dropLetter(queues, id);
}

export async function writeDeadLetter(queues: Queues, letter: DeadLetter): Promise<void> {
  await queues.store?.put(keyOf(letter.id), JSON.stringify(letter));
}

export async function dropLetter(queues: Queues, id: string): Promise<void> {
  await queues.store?.delete(keyOf(id));
}

function keyOf(id: string): string {
  return `${PREFIX}${id}.json`;
}

function storeOf({ store }: Queues): RecordStore {
  if (!store) throw new Error("Dead letters are kept in the lake; open the queues with its storage");
  return store;
}

async function read(store: RecordStore, key: string): Promise<DeadLetter | undefined> {
  try {
    return DeadLetter.parse(JSON.parse((await store.get(key)).toString("utf8")));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
