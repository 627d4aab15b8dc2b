import { setTimeout } from "node:timers/promises";
import { schedule as startTask } from "node-cron";
import type { Logger } from "pino";
import { fire, type Ground, isEnabled, missedSlot } from "./fire.ts";
import { beginMemory } from "./memory.ts";
import { checkSchedules, type Schedule } from "./schedule.ts";
import { nextSlots } from "./slots.ts";

/** A slot is still fired this late, so a process that was held for a moment or a laptop that slept misses none. */
const LATE_MS = { last: Number.POSITIVE_INFINITY, none: 30_000 } as const;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface Clock extends AsyncDisposable {
  /** When each schedule last fired here, for the process's own health. */
  readonly firedAt: ReadonlyMap<string, Date>;
}

/** Fires the schedules until it is disposed; first makes up for at most one missed slot of each. */
export async function startClock(
  ground: Ground & { readonly log: Logger },
  schedules: readonly Schedule[],
): Promise<Clock> {
  checkSchedules(schedules);
  const firedAt = new Map<string, Date>();
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();

  const begin = (schedule: Schedule, slot: Date, why: "due" | "missed") => {
    const firing = fireWhenOn(ground, schedule, slot, why, stopping.signal)
      .then((fired) => void (fired && firedAt.set(schedule.name, new Date())))
      .finally(() => underWay.delete(firing));
    underWay.add(firing);
    return firing;
  };

  const tasks = schedules.map((schedule) =>
    startTask(schedule.cron, ({ date }) => begin(schedule, date, "due"), {
      timezone: schedule.zone,
      name: schedule.name,
      missedExecutionTolerance: LATE_MS[schedule.catchUp],
      logger: cronLog(ground.log),
    }),
  );
  for (const schedule of schedules) await catchUp(ground, schedule, begin);

  return {
    firedAt,
    async [Symbol.asyncDispose]() {
      await Promise.all(tasks.map((task) => task.destroy()));
      stopping.abort();
      await Promise.all(underWay);
    },
  };
}

async function catchUp(
  ground: Ground & { readonly log: Logger },
  schedule: Schedule,
  begin: (schedule: Schedule, slot: Date, why: "missed") => Promise<void>,
) {
  try {
    const slot = await missedSlot(ground, schedule, new Date());
    await beginMemory(ground.storage, schedule.name, new Date());
    if (slot) await begin(schedule, slot, "missed");
  } catch (error) {
    ground.log.error({ err: error, schedule: schedule.name }, "A missed fire could not be looked for");
  }
}

/** Whoever enables or disables a schedule tells the lake, and it is asked at every fire: no replica is left behind. */
async function fireWhenOn(
  ground: Ground & { readonly log: Logger },
  schedule: Schedule,
  slot: Date,
  why: "due" | "missed",
  signal: AbortSignal,
): Promise<boolean> {
  const about = { schedule: schedule.name, slot: slot.toISOString(), why };
  const giveUpAt = lastTry(schedule);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      if (!(await isEnabled(ground.storage, schedule))) return false;
      const job = await fire(ground, schedule, slot);
      ground.log.info({ ...about, jobId: job.id, added: job.added }, "schedule fired");
      return true;
    } catch (error) {
      const over = signal.aborted || Date.now() + pauseMs >= giveUpAt;
      ground.log.error({ err: error, ...about, triesAgain: !over }, "schedule could not fire");
      if (over) return false;
      await pause(pauseMs, signal);
    }
  }
}

/** Redis or the lake may be away for a while; a slot is worth asking for until the next one stands in its place. */
function lastTry({ cron, zone, catchUp }: Schedule): number {
  const next = nextSlots({ cron, zone }, 1)[0]?.getTime() ?? Number.POSITIVE_INFINITY;
  return catchUp === "last" ? next : Math.min(next, Date.now() + LATE_MS.none);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}

function cronLog(log: Logger) {
  return {
    info: (message: string) => log.info(message),
    warn: (message: string) => log.warn(message),
    error: (message: string | Error, error?: Error) => log.error({ err: error ?? message }, "clock"),
    debug: (message: string | Error) => log.debug(String(message)),
  };
}
