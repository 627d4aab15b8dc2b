import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { parseUntrusted } from "../parse-untrusted.ts";
import { type EventLine, eventLimits, lineOf, ObserverEvent, type RejectedLine } from "./event.ts";
import { isPlainEvent } from "./plain-event.ts";
import { wrongFields } from "./wrong-fields.ts";

/** What came of a body of events: the good ones, and every line that is none. */
export interface ReadEvents {
  readonly lines: readonly EventLine[];
  readonly rejected: readonly RejectedLine[];
  /** Said twice in this body with the same content, and with another: the first is kept. */
  readonly duplicates: number;
  readonly conflicting: number;
}

/** Bodies of thousands of lines are read in turns, so that others are answered meanwhile. */
const LINES_A_TURN = 500;

/** Newline-delimited JSON, one event a line; an empty line is none. */
export async function readEventLines(body: string): Promise<ReadEvents> {
  const reading = new Reading();
  let line = 0;
  for (let from = 0; from < body.length; ) {
    const end = body.indexOf("\n", from);
    const to = end === -1 ? body.length : end;
    line += 1;
    const text = body.slice(from, to).trim();
    from = to + 1;
    if (text !== "") reading.takeText(line, text);
    if (line % LINES_A_TURN === 0) await setImmediate();
  }
  return reading.result();
}

/** One event or a list of them; `line` of what is refused is its place in the list, from 1. */
export async function readEventValues(body: unknown): Promise<ReadEvents> {
  const reading = new Reading();
  const values = Array.isArray(body) ? body : [body];
  for (const [at, value] of values.entries()) {
    reading.take(at + 1, value);
    if (at % LINES_A_TURN === LINES_A_TURN - 1) await setImmediate();
  }
  return reading.result();
}

class Reading {
  readonly #batch = randomUUID().slice(0, 18);
  readonly #lines: EventLine[] = [];
  readonly #rejected: RejectedLine[] = [];
  readonly #known = new Map<string, string>();
  #taken = 0;
  #duplicates = 0;
  #conflicting = 0;

  takeText(line: number, text: string): void {
    if (text.length > eventLimits.lineChars) {
      this.#reject(line, `the line has ${text.length} characters and may have ${eventLimits.lineChars}`);
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own words quote the line.
      this.#reject(line, "it is not JSON");
      return;
    }
    this.take(line, value);
  }

  take(line: number, value: unknown): void {
    this.#taken += 1;
    if (this.#taken > eventLimits.events) {
      this.#reject(line, `it is past the ${eventLimits.events} events of one request`);
      return;
    }
    const parsed = isPlainEvent(value)
      ? { success: true as const, data: { ...value } }
      : parseUntrusted(ObserverEvent, value);
    if (!parsed.success) {
      this.#reject(line, wrongFields(parsed.error, value));
      return;
    }
    const made = lineOf(parsed.data, parsed.data.id ?? `${this.#batch}-${line}`);
    if (typeof made === "string") this.#reject(line, made);
    else this.#keepFirst(made);
  }

  #keepFirst(made: EventLine): void {
    const first = this.#known.get(made.id);
    if (first === undefined) {
      this.#known.set(made.id, made.text);
      this.#lines.push(made);
    } else if (first === made.text || inOrder(first) === inOrder(made.text)) this.#duplicates += 1;
    else this.#conflicting += 1;
  }

  #reject(line: number, message: string): void {
    this.#rejected.push({ line, message });
  }

  result(): ReadEvents {
    const [lines, rejected] = [this.#lines, this.#rejected];
    return { lines, rejected, duplicates: this.#duplicates, conflicting: this.#conflicting };
  }
}

/** The same fields in another order are the same event. */
function inOrder(line: string): string {
  const fields = Object.entries(JSON.parse(line) as object);
  return JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}
