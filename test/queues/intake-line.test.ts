import { describe, expect, test } from "vitest";
import { jsonOf, readLine, writeLine } from "../../queues/intake-line.ts";
import { recordOf } from "./intake-record.ts";

describe("a line of the intake", () => {
  test.each([{ to: 'a "quoted"\nline \u2028 of 水', part: 1.5 }, [], "text", null])(
    "is read as it was written: %j",
    (input) => {
      const accepted = { ...recordOf("some.aaaaaaaaaaaa.x"), inputJson: jsonOf(input) };
      const line = writeLine({ accepted });

      expect(line).not.toContain("\n");
      expect(JSON.parse(line)).toMatchObject({ accepted: { id: accepted.id, input } });
      expect(readLine(line)).toEqual({ accepted });
    },
  );

  test("without an input has none, and is JSON all the same", () => {
    const { inputJson: _none, ...rest } = recordOf("some.aaaaaaaaaaaa.x");

    expect(readLine(JSON.stringify({ accepted: rest }))).toEqual({
      accepted: { ...rest, inputJson: "null" },
    });
  });

  test("says what has ended, and when", () => {
    expect(readLine(writeLine({ ended: "some.aaaaaaaaaaaa.x", at: 7 }))).toEqual({
      ended: "some.aaaaaaaaaaaa.x",
      at: 7,
    });
  });
});
