import { describe, expect, test } from "vitest";
import { checkSchedules, on, type Schedule } from "../../scheduler/schedule.ts";
import { schedules } from "../../scheduler/schedules.ts";
import { tick } from "./tick.ts";

const good = on({ name: "tea", cron: "0 16 * * *", catchUp: "none" }, tick, {});
const faulty = (change: Partial<Schedule>) => () => checkSchedules([{ ...good, ...change }]);

describe("a schedule", () => {
  test("of ours can run as it is written", () => {
    expect(() => checkSchedules(schedules)).not.toThrow();
  });

  test("that could not run or would mean something else is refused with the reason", () => {
    expect(faulty({})).not.toThrow();
    expect(faulty({ cron: "0 0 13 * 5" })).toThrow(/restricts both day fields/);
    expect(faulty({ cron: "0 25 * * *" })).toThrow(/wrong hour/);
    expect(faulty({ cron: "at noon" })).toThrow(/tea: /);
    expect(faulty({ zone: "Mars/Olympus" })).toThrow(/not a time zone/);
    expect(faulty({ name: "Tea time" })).toThrow(/a name is/);
    expect(faulty({ input: { milk: true } })).toThrow(/input is not one of tick/);
    expect(() => checkSchedules([good, good])).toThrow(/name is taken/);
  });
});
