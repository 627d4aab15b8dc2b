import { describe, expect, test } from "vitest";
import { type Door, type oneTaken, refusalOf } from "./door.ts";
import { doors } from "./doors.ts";
import { runDoor } from "./run-door.ts";

const SEED = 20_260_101;
/** What a second or two is enough for; `npm run fuzz` feeds ten thousand to each. */
const inputs: Readonly<Record<string, number>> = {
  bundles: 100,
  NDJSON: 100,
  CSV: 60,
  SQL: 60,
  "logs and checkpoints": 150,
};

describe.each(doors)("the door for $name", (door) => {
  test("takes what it can, refuses the rest with a reason, and breaks nothing", {
    timeout: 60_000,
  }, async () => {
    const fed = await runDoor(door, SEED, inputs[door.name] ?? 200);

    expect(fed.broken).toEqual([]);
    expect(fed.taken + Object.values(fed.refused).reduce((sum, count) => sum + count, 0)).toBe(fed.inputs);
  });
});

describe("a door that breaks its promise", () => {
  const doorThat = (feed: () => Promise<typeof oneTaken>): Door => ({
    name: "broken",
    inputsAtOnce: 1,
    open: async () => ({ feed, async [Symbol.asyncDispose]() {} }),
  });

  test("by an error without a reason of its own is found, with the seed that makes it again", async () => {
    const fed = await runDoor(
      doorThat(async () => refusalOf(new TypeError("x is undefined"))),
      7,
      1,
    );

    expect(fed.broken).toMatchObject([{ seed: 7, what: expect.stringContaining("without a reason") }]);
  });

  test("by throwing is found", async () => {
    const fed = await runDoor(
      doorThat(() => Promise.reject(new Error("no"))),
      7,
      1,
    );

    expect(fed.broken).toHaveLength(1);
  });
});
