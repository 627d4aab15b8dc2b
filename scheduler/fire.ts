import type { Storage } from "../data/storage/storage.ts";
import type { EnqueuedJob } from "../queues/contract.ts";
import { enqueue } from "../queues/enqueue.ts";
import type { Queues } from "../queues/queues.ts";
import { readLastFire, readSwitch, writeLastFire } from "./memory.ts";
import type { Schedule } from "./schedule.ts";
import { lastSlot } from "./slots.ts";

export interface Ground {
  readonly queues: Queues;
  readonly storage: Storage;
}

/**
 * Asks for the work of one slot. Every scheduler does so for every slot, and the request's name makes them all
 * ask for the same job: that is the whole of what replicas agree on.
 */
export async function fire(ground: Ground, schedule: Schedule, slot: Date): Promise<EnqueuedJob> {
  const job = await enqueue(ground.queues, schedule.job, schedule.input, {
    requestId: `${schedule.name}-${slotName(slot)}`,
  });
  await remember(ground.storage, schedule.name, slot, job);
  return job;
}

/** The work of a schedule at once, off its clock; every call is a request of its own. */
export function runNow({ queues }: Ground, schedule: Schedule): Promise<EnqueuedJob> {
  return enqueue(queues, schedule.job, schedule.input);
}

/** The one missed slot that a scheduler which starts now should make up for, if any. */
export async function missedSlot(
  { storage }: Ground,
  schedule: Schedule,
  now: Date,
): Promise<Date | undefined> {
  if (schedule.catchUp === "none" || !(await isEnabled(storage, schedule))) return undefined;
  const due = lastSlot(schedule, now);
  const [last, switched] = await Promise.all([
    readLastFire(storage, schedule.name),
    readSwitch(storage, schedule.name),
  ]);
  const seenUntil = Math.max(
    Date.parse(last?.slot ?? now.toISOString()),
    Date.parse(switched?.changedAt ?? "1970"),
  );
  return due && due.getTime() > seenUntil ? due : undefined;
}

export async function isEnabled(storage: Storage, schedule: Schedule): Promise<boolean> {
  return (await readSwitch(storage, schedule.name))?.enabled ?? schedule.enabled;
}

/** The UTC instant without the marks that a job's id may not have. */
function slotName(slot: Date): string {
  return slot
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
}

/** Schedulers tell each other nothing, so a slower one may come with an older slot: the newest stays. */
async function remember(storage: Storage, name: string, slot: Date, job: EnqueuedJob) {
  const last = await readLastFire(storage, name);
  if (last?.jobId && Date.parse(last.slot) >= slot.getTime()) return;
  await writeLastFire(storage, name, { slot: slot.toISOString(), jobId: job.id });
}
