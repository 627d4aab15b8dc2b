import fc from "fast-check";
import { ObserverEvent } from "../../../data/observer/event.ts";
import { readEventLines, readEventValues } from "../../../data/observer/read-events.ts";
import { BrokenPromise, type Door } from "../door.ts";
import { mutateText } from "../mutate.ts";

const seed = Array.from({ length: 6 }, (_, n) =>
  JSON.stringify({
    id: `event-${n}`,
    timestamp: "2026-01-02T03:04:05Z",
    source: "fuzz",
    event_kind: "fill",
    success: n % 2 === 0,
    role: "clerk",
    count: n,
    config: { model: "m", tools: ["a", "b"] },
    attributes: { n },
  }),
).join("\n");

/** A value of each field's own name, of any shape. */
const anyEvent = fc.record(
  Object.fromEntries(
    Object.keys(ObserverEvent.shape).map((name) => [name, fc.oneof(fc.json(), fc.anything({ maxDepth: 2 }))]),
  ),
  { requiredKeys: [] },
);

/** Every line is an event or is refused with its number and a message; what is kept can be written as JSON. */
export const events: Door = {
  name: "events",
  inputsAtOnce: 1,
  async open() {
    return {
      async feed(random) {
        const asLines = random.below(2) === 0;
        const text = mutateText(random, seed);
        const values = asLines ? [] : fc.sample(anyEvent, { seed: random.below(2 ** 31), numRuns: 5 });
        const given = asLines ? text.split("\n").filter((line) => line.trim() !== "").length : values.length;
        const read = await (asLines ? readEventLines(text) : readEventValues(values));
        const { lines, rejected, duplicates, conflicting } = read;
        const answered = lines.length + rejected.length + duplicates + conflicting;
        if (answered !== given) throw new BrokenPromise(`Of ${given} lines ${answered} were answered`);
        check(read);
        return { taken: lines.length > 0 ? 1 : 0, refused: lines.length > 0 ? {} : { "no good line": 1 } };
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

function check({ lines, rejected }: Awaited<ReturnType<typeof readEventLines>>): void {
  if (rejected.some(({ message, line }) => message === "" || !(line > 0)))
    throw new BrokenPromise("A line was refused without its number or a reason");
  for (const line of lines) JSON.parse(line.text);
}
