import type { Schedule } from "../../../scheduler/schedule.ts";
import { schedules } from "../../../scheduler/schedules.ts";
import { UsageFailure } from "../../failure.ts";
import { nearest } from "../../nearest.ts";

export function requireSchedule(name: string): Schedule {
  const found = schedules.find((schedule) => schedule.name === name);
  if (found) return found;
  const names = schedules.map((schedule) => schedule.name);
  const meant = nearest(name, names);
  throw new UsageFailure(
    `unknown schedule '${name}'`,
    meant ? `did you mean ${meant}?` : `the schedules are ${names.join(", ")}`,
  );
}
