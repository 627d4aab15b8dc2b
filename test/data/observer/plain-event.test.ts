import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ObserverEvent } from "../../../data/observer/event.ts";
import { isPlainEvent } from "../../../data/observer/plain-event.ts";
import { readEventLines } from "../../../data/observer/read-events.ts";

const fields = Object.keys(ObserverEvent.shape);
const edges = [
  ...[null, true, false, 0, -1, 1, 1.5, 1e9, 1e9 + 1, 1e12, 1e13, 4_102_444_800_000, 7_258_118_400_001],
  ...["", "x", "x".repeat(100), "x".repeat(101), "x".repeat(128), "x".repeat(129), "x".repeat(200)],
  ...["x".repeat(201), "x".repeat(2_000), "x".repeat(2_001), "x".repeat(4_000), "x".repeat(4_001)],
  ...["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+02:00", "2026-01-01", "a".repeat(64), "A".repeat(64)],
  ...[{}, { a: 1 }, [], ["a"], [""], [1], Array.from({ length: 21 }, () => "a")],
];
const plain = { source: "s", event_kind: "k", success: true };

describe("an event that is plain", () => {
  test("is one by its schema, field by field at the edges of what each may be, and the other way round", () => {
    for (const name of fields) {
      for (const value of edges) {
        const event = { ...plain, [name]: value };
        const said = `${name}: ${JSON.stringify(value).slice(0, 40)}`;
        expect(isPlainEvent(event), said).toBe(ObserverEvent.safeParse(event).success);
      }
    }
  });

  test("is one by its schema whatever it is made of, and comes out of it as it was", () => {
    const any = fc.oneof(fc.constantFrom(...edges), fc.jsonValue());
    const events = fc
      .dictionary(fc.constantFrom(...fields, "other", "__proto__"), any, { maxKeys: 6 })
      .map((more) => ({ ...plain, ...more }));
    fc.assert(
      fc.property(events, (event) => {
        const parsed = ObserverEvent.safeParse(event);
        expect(isPlainEvent(event)).toBe(parsed.success);
        if (parsed.success) expect(parsed.data).toEqual(event);
      }),
      { seed: 17, numRuns: 2_000 },
    );
    for (const value of [null, 7, "text", [], [plain], {}, { source: "s", success: true }])
      expect(isPlainEvent(value)).toBe(false);
  });
});

test("an event that comes twice with its fields in another order is the same; with another field it is not", async () => {
  const lines = [
    { id: "a", ...plain },
    { success: true, event_kind: "k", source: "s", id: "a" },
    { id: "a", ...plain, city: "Gary" },
  ];
  const read = await readEventLines(lines.map((line) => JSON.stringify(line)).join("\n"));

  expect(read).toMatchObject({ duplicates: 1, conflicting: 1, rejected: [] });
  expect(read.lines).toHaveLength(1);
});
