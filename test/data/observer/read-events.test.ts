import fc from "fast-check";
import { describe, expect, test as plain } from "vitest";
import { z } from "zod";
import { appendOldest } from "../../../data/observer/append-batches.ts";
import { eventLimits } from "../../../data/observer/event.ts";
import { Inbox } from "../../../data/observer/inbox.ts";
import { readEventLines, readEventValues } from "../../../data/observer/read-events.ts";
import { test } from "../../support/test.ts";

const good = { source: "scenario", event_kind: "fill", success: true };

describe("a body of lines", () => {
  plain("gives its good events, and names every bad line by its number", async () => {
    const body = [
      JSON.stringify({ ...good, id: "a" }),
      "{ not json",
      "",
      JSON.stringify({ ...good, success: "yes" }),
      JSON.stringify({ ...good, patient: "x" }),
      JSON.stringify({ ...good, id: "b" }),
      JSON.stringify({ ...good, attributes: { text: "x".repeat(eventLimits.attributesChars) } }),
      "x".repeat(eventLimits.lineChars + 1),
      `{"source":"s","event_kind":"\\ud800","success":true}`,
      `{"source":"s","event_kind":"k","success":true,"attributes":{"a":"\\u0000"}}`,
      `{"source":{"length":{"toString":1,"valueOf":1}},"event_kind":"k","success":true}`,
    ].join("\n");

    const { lines, rejected } = await readEventLines(body);

    expect(lines.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(rejected.map(({ line }) => line)).toEqual([2, 4, 5, 7, 8, 9, 10, 11]);
    expect(rejected[3]?.message).toMatch(/attributes have \d+ characters and may have 8192/);
  });

  plain("says of a bad line every field that is missing or wrong", async () => {
    const body = [
      { foo: 1 },
      { ...good, success: "yes", count: -1, recalled: ["a", 7] },
      7,
      { ...good, ["x".repeat(10_000)]: 1 },
    ];

    const { rejected } = await readEventLines(body.map((each) => JSON.stringify(each)).join("\n"));

    expect(rejected.map(({ message }) => message)).toEqual([
      "source is required; event_kind is required; success is required; foo: not known; attributes may hold whatever else",
      expect.stringMatching(/^success: .*boolean.*; count: .*>=0; recalled\.1: .*string/),
      expect.stringMatching(/expected object/),
      expect.stringMatching(/^x{40}: not known/),
    ]);
  });

  plain("keeps the first of events with one id and counts the others", async () => {
    const body = [
      { ...good, id: "a", count: 1 },
      { ...good, id: "a", count: 1 },
      { ...good, id: "a", count: 2 },
    ];

    const { lines, duplicates, conflicting } = await readEventValues(body);

    expect({ kept: lines.length, duplicates, conflicting }).toEqual({
      kept: 1,
      duplicates: 1,
      conflicting: 1,
    });
    expect(lines[0]?.text).toContain(`"count":1`);
  });

  plain("has room for so many events and refuses those after them", async () => {
    const body = Array.from({ length: eventLimits.events + 2 }, () => JSON.stringify(good)).join("\n");

    const { lines, rejected } = await readEventLines(body);

    expect(lines).toHaveLength(eventLimits.events);
    expect(rejected.map(({ line }) => line)).toEqual([eventLimits.events + 1, eventLimits.events + 2]);
  });

  plain("names events that have no id, each its own", async () => {
    const body = [JSON.stringify(good), JSON.stringify(good)].join("\n");

    const twice = [...(await readEventLines(body)).lines, ...(await readEventLines(body)).lines];

    expect(new Set(twice.map(({ id }) => id)).size).toBe(4);
  });
});

test("whatever text an accepted event holds, the table holds the same", async ({ lake }) => {
  const inbox = new Inbox(lake.storage);
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const samples = fc.sample(fc.record({ text, inner: fc.jsonValue() }), { numRuns: 300, seed: 7 });
  const sent = samples.map(({ text, inner }, at) => ({
    ...good,
    id: String(at).padStart(4, "0"),
    input_summary: text,
    attributes: { inner, number: at % 2 ? 1e308 * 10 : at },
  }));

  const { lines, rejected } = await readEventLines(sent.map((event) => JSON.stringify(event)).join("\n"));
  await inbox.store(lines);
  while (await appendOldest(lake));

  const refused = new Set(rejected.map(({ line }) => line - 1));
  const events = await (await lake.table("observer.events").snapshot()).readSql();
  const rows = await (await lake.duckdb()).query(
    z.object({ id: z.string(), input_summary: z.string() }),
    `select id, input_summary from (${events}) order by id`,
  );
  expect(rows).toEqual(
    sent.filter((_, at) => !refused.has(at)).map(({ id, input_summary }) => ({ id, input_summary })),
  );
  expect(rows.length).toBeGreaterThan(100);
});
