import { createTask } from "node-cron";
import { describe, expect, test } from "vitest";
import { lastSlot } from "../../scheduler/slots.ts";

/** cron, zone, now, and the last time it should have fired by then. */
const table: [cron: string, zone: string, now: string, last: string | undefined][] = [
  ["0 3 * * *", "UTC", "2026-05-02T02:59:59Z", "2026-05-01T03:00:00Z"],
  ["0 3 * * *", "UTC", "2026-05-02T03:00:00Z", "2026-05-02T03:00:00Z"],
  ["*/15 * * * *", "UTC", "2026-05-02T03:14:59Z", "2026-05-02T03:00:00Z"],
  ["* * * * * *", "UTC", "2026-05-02T03:14:59.900Z", "2026-05-02T03:14:59Z"],
  ["0 4 * * 0", "UTC", "2026-05-02T00:00:00Z", "2026-04-26T04:00:00Z"],
  ["0 0 1 * *", "UTC", "2026-05-02T00:00:00Z", "2026-05-01T00:00:00Z"],
  ["0 0 29 2 *", "UTC", "2026-05-02T00:00:00Z", undefined],
  ["30 3 * * *", "Asia/Kathmandu", "2026-05-02T00:00:00Z", "2026-05-01T21:45:00Z"],
  // Clocks go forward: 02:30 is not there on the 29th, and the day is left out.
  ["30 2 * * *", "Europe/Amsterdam", "2026-03-29T12:00:00Z", "2026-03-28T01:30:00Z"],
  ["0 3 * * *", "Europe/Amsterdam", "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z"],
  // Clocks go back: 02:30 is there twice on the 25th, and the first counts.
  ["30 2 * * *", "Europe/Amsterdam", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z"],
  ["30 2 * * *", "UTC", "2026-10-25T12:00:00Z", "2026-10-25T02:30:00Z"],
  ["0 1 * * *", "America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T05:00:00Z"],
];

describe("the last slot", () => {
  test.each(table)("of %s in %s at %s is %s", (cron, zone, now, last) => {
    expect(lastSlot({ cron, zone }, new Date(now))).toEqual(last && new Date(last));
  });

  test("is one at which node-cron itself would fire", () => {
    for (const [cron, zone, now] of table) {
      const slot = lastSlot({ cron, zone }, new Date(now));
      if (slot) expect(createTask(cron, () => undefined, { timezone: zone }).match(slot)).toBe(true);
    }
  });
});
