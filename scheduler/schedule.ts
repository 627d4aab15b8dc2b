import { parse, validateDetailed } from "node-cron";
import { z } from "zod";
import type { JobContract } from "../queues/contract.ts";

/** One thing the cluster does on a clock. */
export interface Schedule<Input = unknown> {
  /** Part of the ids of its jobs and of the key its state is kept under, so it never changes. */
  readonly name: string;
  /** Five cron fields; a sixth before them is seconds. At most one of the two day fields is restricted. */
  readonly cron: string;
  /** `UTC`, or an IANA zone where people's days matter: there a night's missing hour is not made up for. */
  readonly zone: string;
  readonly job: JobContract<Input>;
  readonly input: Input;
  /** What a scheduler does at its start about fires that none was there for: run the last of them, or none. */
  readonly catchUp: "last" | "none";
  /** Whether it runs where nobody has switched it on or off. */
  readonly enabled: boolean;
}

type Timing = Pick<Schedule, "name" | "cron" | "catchUp"> & Partial<Pick<Schedule, "zone" | "enabled">>;

/** Pairs a time with work and its input, which are checked against each other at compile time. */
export function on<Input>(timing: Timing, job: JobContract<Input>, input: Input): Schedule {
  return { zone: "UTC", enabled: true, ...timing, job: job as JobContract<unknown>, input };
}

/** Refuses schedules that could not run or would not mean what they seem to; tells of all of them at once. */
export function checkSchedules(schedules: readonly Schedule[]): void {
  const names = new Set<string>();
  const faults = schedules.flatMap((schedule) => {
    const found = faultsOf(schedule);
    if (names.has(schedule.name)) found.push("the name is taken");
    names.add(schedule.name);
    return found.map((fault) => `${schedule.name}: ${fault}`);
  });
  if (faults.length > 0) throw new Error(`Schedules cannot run as written:\n${faults.join("\n")}`);
}

function faultsOf({ name, cron, zone, job, input }: Schedule): string[] {
  const faults: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,47}$/.test(name)) faults.push("a name is lower-case letters, digits and hyphens");
  const { valid, errors } = validateDetailed(cron);
  if (!valid) faults.push(...errors.map((error) => `${cron} has a wrong ${error.field}: ${error.message}`));
  else if (restrictsBothDays(cron)) {
    faults.push(`${cron} restricts both day fields, which cron programs read in two ways: restrict one`);
  }
  if (!knownZone(zone)) faults.push(`${zone} is not a time zone: take UTC or a name such as Europe/Oslo`);
  const parsed = job.input.safeParse(input);
  if (!parsed.success) faults.push(`the input is not one of ${job.kind}: ${z.prettifyError(parsed.error)}`);
  return faults;
}

function restrictsBothDays(cron: string): boolean {
  const { dayOfMonth, dayOfWeek } = parse(cron);
  return dayOfMonth.length < 31 && dayOfWeek.length < 7;
}

function knownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}
