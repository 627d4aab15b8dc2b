import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Queues } from "../queues/queues.ts";
import { reach } from "../queues/reach.ts";

const SAY_EVERY_MS = 5_000;
const HEARD_WITHIN_MS = 30_000;

/** What a scheduler process says of itself every few seconds. */
export type SchedulerHeartbeat = z.infer<typeof SchedulerHeartbeat>;
export const SchedulerHeartbeat = z.strictObject({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  schedules: z.number(),
  at: z.iso.datetime(),
});

/** Says that this process keeps the clock, until it is disposed. */
export async function startHeartbeat(
  queues: Queues,
  about: { readonly host: string; readonly pid: number; readonly schedules: number },
): Promise<AsyncDisposable> {
  const id = randomUUID();
  const say = async () => {
    const heartbeat: SchedulerHeartbeat = { id, ...about, at: new Date().toISOString() };
    await reach(queues, () => queues.redis.hset(keyOf(queues), id, JSON.stringify(heartbeat)));
  };
  const sayIfHeard = () => say().catch(() => undefined);
  await sayIfHeard();
  const timer = setInterval(() => void sayIfHeard(), SAY_EVERY_MS).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await queues.redis.hdel(keyOf(queues), id).catch(() => undefined);
    },
  };
}

/** The scheduler processes heard of in the last half minute. */
export async function listSchedulers(queues: Queues): Promise<SchedulerHeartbeat[]> {
  const said = await reach(queues, () => queues.redis.hgetall(keyOf(queues)));
  const heard = Object.values(said).map((text) => SchedulerHeartbeat.parse(JSON.parse(text)));
  return heard.filter(({ at }) => Date.now() - Date.parse(at) < HEARD_WITHIN_MS);
}

/** True when a scheduler of this machine was heard of lately: what a container's health check asks. */
export async function schedulerHeard(queues: Queues, host: string): Promise<boolean> {
  return (await listSchedulers(queues)).some((scheduler) => scheduler.host === host);
}

function keyOf({ address }: Queues): string {
  return `${address.prefix}:schedulers`;
}
