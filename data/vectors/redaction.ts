interface Recogniser {
  readonly name: string;
  readonly pattern: RegExp;
  /** A further look at what the pattern found. */
  isOne?(found: string): boolean;
}

const months =
  "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
const date = `(?:\\d{4}-\\d{2}-\\d{2}|\\d{1,2}[/.-]\\d{1,2}[/.-](?:\\d{4}|\\d{2})|(?:${months})\\.? \\d{1,2},? \\d{4}|\\d{1,2} (?:${months})\\.? \\d{4})`;
const way =
  "street|st|avenue|ave|road|rd|boulevard|blvd|lane|ln|drive|dr|court|ct|place|pl|square|sq|terrace|way|parkway|pkwy|highway|hwy";

/** In this order: what an earlier one has replaced, no later one sees. */
const recognisers: readonly Recogniser[] = [
  { name: "EMAIL", pattern: /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu },
  { name: "SSN", pattern: /(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])/g },
  { name: "CARD", pattern: /(?<![\d-])\d(?:[ -]?\d){12,18}(?![\d-])/g, isOne: hasCardChecksum },
  {
    name: "BIRTH_DATE",
    // A date alone is often that of a visit, which search needs; one that is said to be of a birth is a person's.
    pattern: new RegExp(
      `(?<=\\b(?:dob|d\\.o\\.b\\.?|date of birth|birth ?date|born(?: on)?)\\s{0,3}(?:is|was|:|=)?\\s{0,3})${date}`,
      "giu",
    ),
  },
  {
    name: "PHONE",
    pattern: /(?<![\d.-])(?:\+?\d{1,3}[ .-]?)?(?:\(\d{3}\)[ ]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\d-])/g,
  },
  {
    name: "ADDRESS",
    pattern: new RegExp(
      `(?<![\\p{L}\\d])\\d{1,6}[A-Za-z]? (?:[\\p{Lu}\\d][\\p{L}\\d'.]* ){1,4}(?:${way})\\b\\.?`,
      "giu",
    ),
  },
];

/** The names that stand in brackets where something was replaced. */
export const redactionNames: readonly string[] = recognisers.map(({ name }) => name);

/** Replaces what looks like a person's data by its kind in brackets. It finds forms, not meanings: a name stays. */
export function redactText(text: string): string {
  return recognisers.reduce(
    (redacted, { name, pattern, isOne }) =>
      redacted.replace(pattern, (found) => (!isOne || isOne(found) ? `[${name}]` : found)),
    text,
  );
}

/** The digits of a payment card add up to a multiple of ten, every second one from the right doubled. */
function hasCardChecksum(text: string): boolean {
  const digits = [...text].filter((sign) => sign >= "0" && sign <= "9").map(Number);
  const sum = digits.reverse().reduce((total, digit, place) => {
    const doubled = place % 2 === 0 ? digit : digit * 2;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum > 0 && sum % 10 === 0;
}
