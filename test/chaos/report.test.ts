import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Finding } from "./chaos-test.ts";
import { hasPassed, type Outcome, pageOf, type Report } from "./report.ts";
import { chaosTests } from "./tests.ts";

const clean = { lost: 0, doubled: 0, torn: 0, stuck: 0, different: 0 };
const run = { number: 1, title: "", date: "2026-01-01", seed: 1, size: "short", seconds: 0 } as const;
const control = { says: "it can fail", holds: true };

function outcome(finding: Partial<Finding>, holds = true): Outcome {
  const whole = { fault: "", verdict: clean, checks: [], ...finding };
  return { ...run, finding: whole, control: { ...control, holds } };
}

describe("a chaos test", () => {
  test("has passed when nothing is lost, doubled, torn, stuck or unlike, and its control failed", () => {
    expect(hasPassed(outcome({}))).toBe(true);
  });

  test.each(["lost", "doubled", "torn", "stuck", "different"])("has failed by one %s", (what) => {
    expect(hasPassed(outcome({ verdict: { ...clean, [what]: 1 } }))).toBe(false);
  });

  test("has failed by a check or by a control that shows nothing", () => {
    expect(hasPassed(outcome({ checks: [{ says: "", holds: false }] }))).toBe(false);
    expect(hasPassed(outcome({}, false))).toBe(false);
  });
});

test("docs/reliability.md is what test/chaos/results.json says", () => {
  const report = JSON.parse(readFileSync("test/chaos/results.json", "utf8")) as Report;

  expect(readFileSync("docs/reliability.md", "utf8")).toBe(pageOf(report));
});

test("each row of the plan is a test once, in order", () => {
  const numbers = chaosTests.map(({ number }) => number);

  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});
