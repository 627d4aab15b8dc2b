import { z } from "zod";
import { NotFoundError } from "../data/errors.ts";
import type { Storage } from "../data/storage/storage.ts";

/** What is remembered of schedules lies in the lake, beside the tables, so that losing all of Redis forgets none of it. */
const FOLDER = "_schedules";

export type Switch = z.infer<typeof Switch>;
export const Switch = z.strictObject({ enabled: z.boolean(), changedAt: z.iso.datetime() });

export type LastFire = z.infer<typeof LastFire>;
export const LastFire = z.strictObject({
  /** The time it stands for; catching up begins after it. */
  slot: z.iso.datetime(),
  /** Null in the record that a schedule's first scheduler makes, which is of no fire. */
  jobId: z.string().nullable(),
});

/** Undefined where nobody has switched it: the schedule's own default holds. */
export function readSwitch(storage: Storage, name: string): Promise<Switch | undefined> {
  return read(storage, switchKey(name), Switch);
}

export async function writeSwitch(
  storage: Storage,
  name: string,
  enabled: boolean,
  now: Date,
): Promise<Switch> {
  const value = { enabled, changedAt: now.toISOString() };
  await storage.put(switchKey(name), JSON.stringify(value));
  return value;
}

export function readLastFire(storage: Storage, name: string): Promise<LastFire | undefined> {
  return read(storage, lastKey(name), LastFire);
}

export async function writeLastFire(storage: Storage, name: string, fire: LastFire): Promise<void> {
  await storage.put(lastKey(name), JSON.stringify(fire));
}

/** From here on a missed fire is one: what lay before the schedule's first scheduler was never due. */
export async function beginMemory(storage: Storage, name: string, now: Date): Promise<void> {
  await storage.putIfAbsent(lastKey(name), JSON.stringify({ slot: now.toISOString(), jobId: null }));
}

const switchKey = (name: string) => `${FOLDER}/${name}.switch.json`;
const lastKey = (name: string) => `${FOLDER}/${name}.last.json`;

async function read<Value>(
  storage: Storage,
  key: string,
  schema: z.ZodType<Value>,
): Promise<Value | undefined> {
  try {
    return schema.parse(JSON.parse((await storage.get(key)).toString("utf8")));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw new Error(`${key} in ${storage.url} cannot be read; remove it to begin anew`, { cause: error });
  }
}
