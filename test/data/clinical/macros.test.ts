import { readFile } from "node:fs/promises";
import { describe, expect } from "vitest";
import type { Lake } from "../../../data/lake.ts";
import { quote } from "../../../data/sql/duckdb.ts";
import { rowsOf, test } from "./clinic.ts";

const macros = new URL("../../../data/clinical/silver/macros.sql", import.meta.url);

async function value(lake: Lake, expression: string): Promise<unknown> {
  const connection = await (await lake.duckdb()).connect();
  try {
    await connection.run(await readFile(macros, "utf8"));
    return (await rowsOf(connection, `select ${expression} as value`))[0]?.value;
  } finally {
    connection.closeSync();
  }
}

const json = (value: unknown) => `${quote(JSON.stringify(value))}::json`;

describe("an instant", () => {
  test.for([
    ["2021-03-15T09:00:00-04:00", "2021-03-15 13:00:00+00"],
    ["2021-03-15T09:00:00", "2021-03-15 09:00:00+00"],
    ["2021-03-15T09:00:00.123456Z", "2021-03-15 09:00:00.123456+00"],
    ["2021-03-15T09:00:00+05:30", "2021-03-15 03:30:00+00"],
    ["2021-03-15", "2021-03-15 00:00:00+00"],
    ["1980", null],
    ["1980-07", null],
    ["2021-02-29T10:00:00Z", null],
    ["2021-02-28T24:00:00Z", null],
    ["2021-02-28T23:59:60Z", null],
    ["0000-01-01", null],
    ["garbage", null],
    ["", null],
  ] as const)("%s is %s", async ([text, instant], { lake }) => {
    expect(await value(lake, `utc(${quote(text)})`)).toBe(instant);
  });
});

describe("a date", () => {
  test.for([
    ["2021-03-15T23:00:00-04:00", "2021-03-15"],
    ["2021-03-15", "2021-03-15"],
    ["1980-07", null],
    ["2021-02-29", null],
    ["2021-03-15x", null],
  ] as const)("%s is %s, as it is written", async ([text, day], { lake }) => {
    expect(await value(lake, `day_as_written(${quote(text)})`)).toBe(day);
  });
});

describe("a reference", () => {
  test.for([
    ["urn:uuid:x", "x"],
    ["urn:uuid:9001e398-fb89-4d02-aad3-9805cec28347", "9001e398-fb89-4d02-aad3-9805cec28347"],
    ["urn:uuid:9001e398-fb89-4d02-aad3-9805cec28347/x", "x"],
    ["urn:uuid:9001e398-fb89-4d02-aad3-9805cec2/347", "347"],
    ["Patient/x", "x"],
    ["Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|9999999799", "us-npi|9999999799"],
    ["Patient/x/_history/1", "1"],
    ["x", "x"],
    ["", ""],
  ] as const)("to %s is to %s", async ([reference, id], { lake }) => {
    expect(await value(lake, `reference_id(${json({ reference })})`)).toBe(id);
    expect(await value(lake, `reference_id(${json([{ reference }, { reference: "other" }])})`)).toBe(id);
  });

  test("that is not there is empty", async ({ lake }) => {
    expect(await value(lake, "reference_id(null)")).toBe("");
    expect(await value(lake, `reference_id(${json("text")})`)).toBe("");
    expect(await value(lake, `reference_id(${json({ reference: { deep: 1 } })})`)).toBe("");
  });
});

describe("a concept", () => {
  test.for([
    [{ coding: [{ code: 123, display: "A" }, { code: "b" }] }, "123", "A"],
    [{ coding: [{ code: "a", display: "" }], text: "T" }, "a", "T"],
    [{ coding: { code: "a", display: "A" } }, "a", "A"],
    [[{ coding: [{ code: "a", display: "A" }] }, { coding: [{ code: "b" }] }], "a", "A"],
    [{ text: "T" }, "", "T"],
    [{}, "", ""],
    ["text", "", ""],
    [{ coding: [{ code: { deep: 1 }, display: ["x"] }] }, "", ""],
    [{ coding: [{ code: "[a]", display: "{b}" }] }, "[a]", "{b}"],
  ] as const)("%j has the code %s and the display %s", async ([concept, code, display], { lake }) => {
    expect(await value(lake, `code_of(${json(concept)})`)).toBe(code);
    expect(await value(lake, `display_of(${json(concept)})`)).toBe(display);
    expect(await value(lake, `first_code_of(${json(concept)})`)).toBe(code);
    expect(await value(lake, `first_display_of(${json(concept)})`)).toBe(display);
  });
});

describe("a number", () => {
  test.for([
    ["12.5", 12.5],
    [" -3e2 ", -300],
    ["much", null],
    ["Infinity", null],
    ["nan", null],
    ["1_000", null],
    ["1e400", null],
    ["0x1F", null],
    ["", null],
  ] as const)("given as %j is %s", async ([text, number], { lake }) => {
    expect(await value(lake, `number(${quote(text)})`)).toBe(number);
  });

  test("that should be whole is cut off, not rounded", async ({ lake }) => {
    expect(await value(lake, "whole('72.9')")).toBe(72);
    expect(await value(lake, "whole('-1.9')")).toBe(-1);
    expect(await value(lake, "whole('99999999999')")).toBeNull();
  });
});

describe("a note", () => {
  test("is base64 with white space or none, of valid UTF-8", async ({ lake }) => {
    expect(await value(lake, "decoded('aGk=')")).toBe("hi");
    expect(await value(lake, `decoded('aG' || chr(10) || ' k=')`)).toBe("hi");
    for (const bad of ["!!!!", "aGk", "aG-_", "/w==", "a==="]) {
      expect(await value(lake, `decoded(${quote(bad)})`)).toBeNull();
    }
  });

  test("keeps its byte order mark", async ({ lake }) => {
    // The binding takes the mark off what it hands to JavaScript, so DuckDB is asked.
    expect(await value(lake, "length(decoded('77u/aGk='))")).toBe("3");
  });

  test.for([
    ["three word note", 3],
    ["a\u00a0b\u2003c\u000bd\n\u3000e", 5],
    ["two\n\n  words ", 2],
    ["José\ncame", 2],
    ["  ", 0],
  ] as const)("%j has %i words between any Unicode white space", async ([note, words], { lake }) => {
    const text = quote(note);
    expect(await value(lake, `word_count(${text}, has_odd_space(${text}))`)).toBe(words);
  });

  test.for([
    [
      "# Chief Complaint \nx\n##Plan\n Subjective : y\nPLAN: z",
      ["chief complaint", "plan", "subjective", "plan"],
    ],
    ["#\nAllergies\n # Plan\nthe plan: x", ["allergies"]],
    ["# Plan\n##", ["plan", "#"]],
    ["#\t Plan\u00a0\r\n# #Alergías  ", ["plan", "#alergías"]],
    ["none", []],
  ] as const)(
    "%j has sections by Markdown headings and classic markers",
    async ([note, labels], { lake }) => {
      const text = quote(note);
      expect(await value(lake, `section_labels(${text}, has_odd_space(${text}))`)).toEqual(labels);
    },
  );
});

describe("a conclusion", () => {
  test.for([
    ["no pathogenic variants were found", false],
    ["Likely PATHOGENIC variant in BRCA2", true],
    ["Non-pathogenic", false],
    ["pathogenic, but of no clinically significant effect", false],
    ["benign", false],
  ] as const)("%s: pathogenic is %s", async ([conclusion, pathogenic], { lake }) => {
    expect(await value(lake, `says_pathogenic(${quote(conclusion)})`)).toBe(pathogenic);
  });
});
