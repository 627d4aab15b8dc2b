import { z } from "zod";
import { DeadLetterNotFoundError } from "./errors.ts";
import { type PoolName, poolNames } from "./pools.ts";
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

export interface LetterFilter {
  readonly pool?: PoolName | undefined;
  readonly kind?: string | undefined;
}

export interface LetterPage {
  readonly letters: DeadLetter[];
  /** How many there are in all. */
  readonly total: number;
}

/** Some of the work that has failed for good, oldest first. Without a filter no letter of another page is read. */
export async function pageOfDeadLetters(
  queues: Queues,
  { pool, kind, offset = 0, limit }: LetterFilter & { readonly offset?: number; readonly limit: number },
): Promise<LetterPage> {
  const store = storeOf(queues);
  const keys = await keysByAge(store);
  if (pool === undefined && kind === undefined) {
    const letters = await readTogether(store, keys.slice(offset, offset + limit));
    return { letters, total: keys.length };
  }
  const letters: DeadLetter[] = [];
  let total = 0;
  for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
    for (const letter of await readTogether(store, keys.slice(from, from + READ_AT_ONCE))) {
      if ((pool && letter.pool !== pool) || (kind && letter.kind !== kind)) continue;
      if (total >= offset && letters.length < limit) letters.push(letter);
      total += 1;
    }
  }
  return { letters, total };
}

/** All of them, oldest first. */
export async function listDeadLetters(queues: Queues, filter: LetterFilter = {}): Promise<DeadLetter[]> {
  const { letters } = await pageOfDeadLetters(queues, { ...filter, limit: Number.POSITIVE_INFINITY });
  return letters;
}

const READ_AT_ONCE = 32;

async function keysByAge(store: RecordStore): Promise<string[]> {
  const found: { readonly key: string; readonly at: number }[] = [];
  for await (const { key, modifiedAt } of store.list(PREFIX)) found.push({ key, at: modifiedAt.getTime() });
  return found.sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1)).map(({ key }) => key);
}

/** Without those that were dropped meanwhile. */
async function readTogether(store: RecordStore, keys: readonly string[]): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
    const some = await Promise.all(keys.slice(from, from + READ_AT_ONCE).map((key) => read(store, key)));
    letters.push(...some.filter((letter) => letter !== undefined));
  }
  return letters;
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
