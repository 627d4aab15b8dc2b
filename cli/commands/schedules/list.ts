import { listSchedules, type ScheduleState } from "../../../scheduler/list.ts";
import { schedules } from "../../../scheduler/schedules.ts";
import type { CliContext } from "../../context.ts";
import { openLakeStorage } from "../../lake.ts";
import type { Paint } from "../../paint.ts";
import { age, duration } from "../../quantities.ts";

const columns = [
  { title: "schedule" },
  { title: "cron" },
  { title: "zone" },
  { title: "kind" },
  { title: "state" },
  { title: "next" },
  { title: "last" },
] as const;

export async function listAll(context: CliContext): Promise<void> {
  await using storage = openLakeStorage(context.config());
  const states = await listSchedules(storage, schedules);
  context.output.table(states, columns, (paint) => states.map((state) => cellsOf(state, paint)));
}

export function cellsOf(state: ScheduleState, paint: Paint): string[] {
  const { name, cron, zone, kind, enabled, next, last } = state;
  return [
    paint("bold", name),
    cron,
    zone,
    kind,
    enabled ? paint("green", "on") : paint("dim", "off"),
    next === null ? "" : `in ${duration(Date.parse(next) - Date.now())}`,
    last === null ? paint("dim", "never") : age(Date.parse(last.slot)),
  ];
}
