import { NotFoundError } from "../data/errors.ts";
import type { Storage } from "../data/storage/storage.ts";
import { readLastFire, readSwitch, writeSwitch } from "./memory.ts";
import type { Schedule } from "./schedule.ts";
import { nextSlots } from "./slots.ts";

/** A schedule as it stands now. */
export interface ScheduleState {
  readonly name: string;
  readonly cron: string;
  readonly zone: string;
  readonly kind: string;
  readonly catchUp: "last" | "none";
  readonly enabled: boolean;
  /** The last slot that was fired and the job it asked for; null before the first. */
  readonly last: { readonly slot: string; readonly jobId: string } | null;
  /** Null while it is disabled. */
  readonly next: string | null;
}

export function listSchedules(storage: Storage, schedules: readonly Schedule[]): Promise<ScheduleState[]> {
  return Promise.all(schedules.map((schedule) => stateOf(storage, schedule)));
}

export async function stateOf(storage: Storage, schedule: Schedule): Promise<ScheduleState> {
  const { name, cron, zone, job, catchUp } = schedule;
  const [switched, last] = await Promise.all([readSwitch(storage, name), readLastFire(storage, name)]);
  const enabled = switched?.enabled ?? schedule.enabled;
  return {
    name,
    cron,
    zone,
    kind: job.kind,
    catchUp,
    enabled,
    last: last?.jobId ? { slot: last.slot, jobId: last.jobId } : null,
    next: enabled ? (nextSlots(schedule, 1)[0]?.toISOString() ?? null) : null,
  };
}

/** Kept in the lake: it holds for every scheduler, from its next fire on and across restarts. */
export async function switchSchedule(
  storage: Storage,
  schedule: Schedule,
  enabled: boolean,
): Promise<ScheduleState> {
  await writeSwitch(storage, schedule.name, enabled, new Date());
  return stateOf(storage, schedule);
}

export function scheduleNamed(schedules: readonly Schedule[], name: string): Schedule {
  const found = schedules.find((schedule) => schedule.name === name);
  if (found) return found;
  const names = schedules.map((schedule) => schedule.name).join(", ");
  throw new NotFoundError(`There is no schedule ${name}; there are ${names}.`);
}
