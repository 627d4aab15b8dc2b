import { createTask, parse } from "node-cron";
import type { Schedule } from "./schedule.ts";

/** How far back a missed fire is looked for, and so the longest time without a scheduler that is made up for. */
const LOOK_BACK_MS = 31 * 24 * 60 * 60 * 1_000;
/** No zone is off UTC by less than a quarter of an hour, so within one of these the local hour is one. */
const QUARTER_MS = 15 * 60 * 1_000;
/** Where clocks go back they do so by one of these. */
const REPEATED_AFTER_MS = [30 * 60 * 1_000, 60 * 60 * 1_000];

type Timing = Pick<Schedule, "cron" | "zone">;

/** The next times a schedule fires. */
export function nextSlots({ cron, zone }: Timing, count: number): Date[] {
  return createTask(cron, () => undefined, { timezone: zone }).getNextRuns(count);
}

/** The last time at or before `now` that a schedule should have fired, by the same rules as node-cron's clock. */
export function lastSlot({ cron, zone }: Timing, now: Date): Date | undefined {
  const task = createTask(cron, () => undefined, { timezone: zone });
  const hours = new Set(parse(cron).hour);
  const localHour = hourReader(zone);

  const newest = Math.floor(now.getTime() / QUARTER_MS) * QUARTER_MS;
  for (let quarter = newest; quarter > newest - LOOK_BACK_MS; quarter -= QUARTER_MS) {
    const local = localHour(quarter);
    if (!hours.has(local.hour) || isRepeated(quarter, localHour)) continue;
    const slot = newestIn(cron, quarter, local.minute, now.getTime());
    if (slot !== undefined && task.match(slot)) return slot;
  }
  return undefined;
}

/** The newest minute and second of a quarter hour that the pattern names; its day is not looked at. */
function newestIn(cron: string, quarter: number, firstMinute: number, now: number): Date | undefined {
  const { minute, second } = parse(cron);
  const offsets = minute
    .filter((each) => each >= firstMinute && each < firstMinute + 15)
    .flatMap((each) => second.map((s) => ((each - firstMinute) * 60 + s) * 1_000));
  const slots = offsets.map((offset) => quarter + offset).filter((slot) => slot <= now);
  return slots.length === 0 ? undefined : new Date(Math.max(...slots));
}

/** In the hour that a zone has twice, node-cron fires in the first. */
function isRepeated(slot: number, localHour: ReturnType<typeof hourReader>): boolean {
  const reads = JSON.stringify(localHour(slot));
  return REPEATED_AFTER_MS.some((shift) => JSON.stringify(localHour(slot - shift)) === reads);
}

function hourReader(zone: string) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hour: "numeric",
    minute: "numeric",
    hourCycle: "h23",
  });
  return (instant: number) => {
    const parts = format.formatToParts(instant);
    const read = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    return { hour: read("hour"), minute: read("minute") };
  };
}
