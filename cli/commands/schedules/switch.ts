import { switchSchedule } from "../../../scheduler/list.ts";
import type { CliContext } from "../../context.ts";
import { openLakeStorage } from "../../lake.ts";
import { requireSchedule } from "./named.ts";

export async function flip(context: CliContext, name: string, enabled: boolean): Promise<void> {
  const schedule = requireSchedule(name);
  await using storage = openLakeStorage(context.config());
  const state = await switchSchedule(storage, schedule, enabled);
  context.output.result(state, (paint) =>
    state.enabled
      ? `${name} is ${paint("green", "on")}; next ${state.next ?? "never"}.`
      : `${name} is ${paint("yellow", "off")} until millrace schedules enable ${name}.`,
  );
}
