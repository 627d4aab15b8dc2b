import { alignColumns, type ColumnLayout } from "./columns.ts";
import type { FailureReport } from "./failure.ts";
import { type Paint, paintFor } from "./paint.ts";

/** A stream that may be a person's terminal. */
export type Terminal = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

export interface Streams {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
}

/**
 * The only writer of a command. Results go to stdout, all that is said about the way there to stderr; with
 * `--json` stdout takes exactly one document.
 */
export class Output {
  /** Set by the frame before an action runs, from the command's `--json`. */
  json = false;
  readonly paint: Paint;
  readonly paintError: Paint;
  readonly streams: Streams;
  #documentWritten = false;

  constructor(streams: Streams, env: NodeJS.ProcessEnv) {
    this.streams = streams;
    this.paint = paintFor(streams.stdout, env);
    this.paintError = paintFor(streams.stderr, env);
  }

  /** True when a person watches: bars and redrawn lines make sense. */
  get live(): boolean {
    return !this.json && this.streams.stderr.isTTY === true;
  }

  /** The command's result: `document` for programs, what `render` returns for people. */
  result(document: unknown, render: (paint: Paint) => string): void {
    if (this.json) this.#writeDocument(document);
    else this.#write(render(this.paint));
  }

  /** A result that is a list, as a table with a heading, or `empty` when there is nothing in it. */
  table(
    document: unknown,
    columns: readonly ColumnLayout[],
    rows: (paint: Paint) => readonly (readonly string[])[],
    empty = "Nothing to show.",
  ): void {
    this.result(document, (paint) => {
      const cells = rows(paint);
      return cells.length === 0 ? paint("dim", empty) : alignColumns(columns, cells, paint);
    });
  }

  /** One more line of a result that grows, for people only. */
  line(text: string): void {
    if (!this.json) this.#write(text);
  }

  /** Something a person may want to know on the way; silent with `--json`. */
  say(text: string): void {
    if (!this.json) this.streams.stderr.write(`${text}\n`);
  }

  failure({ message, next, stack }: FailureReport): void {
    if (this.json && !this.#documentWritten) {
      this.#writeDocument({ error: { message, ...(next ? { next } : {}) } });
    }
    const lines = [`${this.paintError("red", "error:")} ${message}`];
    if (next) lines.push(`${this.paintError("dim", "next:")}  ${next}`);
    if (stack) lines.push(this.paintError("dim", stack));
    this.streams.stderr.write(`${lines.join("\n")}\n`);
  }

  #write(text: string): void {
    this.streams.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  #writeDocument(document: unknown): void {
    if (this.#documentWritten)
      throw new Error("A command with --json writes one document, and this is a second.");
    this.#documentWritten = true;
    this.#write(JSON.stringify(document ?? null, bigintAsNumber, 2));
  }
}

function bigintAsNumber(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
