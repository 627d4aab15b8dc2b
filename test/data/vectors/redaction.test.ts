import { describe, expect, test } from "vitest";
import { redactText } from "../../../data/vectors/redaction.ts";

describe("redaction replaces what has the form of a person's data", () => {
  test.each([
    ["an e-mail address", "write to ann.lee+x@mail.example.org today", "write to [EMAIL] today"],
    ["a social security number", "SSN 123-45-6789.", "SSN [SSN]."],
    ["a card with a right checksum", "card 4111 1111 1111 1111 on file", "card [CARD] on file"],
    ["a phone number", "call (555) 010-1234 or 555-010-9876", "call [PHONE] or [PHONE]"],
    ["a date of birth", "DOB: 1980-02-29, seen 2024-03-01", "DOB: [BIRTH_DATE], seen 2024-03-01"],
    ["a spelt date of birth", "born on March 3, 1990 in spring", "born on [BIRTH_DATE] in spring"],
    ["a street address", "lives at 12 Old Mill Road since", "lives at [ADDRESS] since"],
  ])("%s", (_what, text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  test.each([
    ["a number of a card's length with a wrong checksum", "order 4111 1111 1111 1112"],
    ["a number that no social security number begins with", "code 000-12-3456"],
    ["a blood pressure and a dose", "BP 120/80, 500 mg every 8 hours"],
    ["the date of a visit", "seen 2024-03-01"],
  ])("and leaves %s", (_what, text) => {
    expect(redactText(text)).toBe(text);
  });
});
