import { z } from "zod";
import { DataError } from "../errors.ts";
import { fileFault } from "./file-fault.ts";

/** Where in the query's own text: `offset` counts characters from 0, `line` and `column` from 1. */
export interface QueryPosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** The query is wrong: the engine's own words, and the place when it gave one. */
export class QueryError extends DataError {
  override readonly name: string = "QueryError";
  readonly position: QueryPosition | undefined;

  constructor(message: string, position?: QueryPosition, options?: ErrorOptions) {
    super(message, options);
    this.position = position;
  }
}

/** The query asks for what no query may do: to write, to change settings, or to read outside the lake. */
export class QueryForbiddenError extends QueryError {
  override readonly name: string = "QueryForbiddenError";
}

export type QueryLimit = "time" | "rows" | "memory";

/** The query is right, and too large for its limits. */
export class QueryLimitError extends QueryError {
  override readonly name: string = "QueryLimitError";
  readonly limit: QueryLimit;

  constructor(limit: QueryLimit, message: string, options?: ErrorOptions) {
    super(message, undefined, options);
    this.limit = limit;
  }
}

export function tooLong(timeoutMs: number, cause?: unknown): QueryLimitError {
  return new QueryLimitError(
    "time",
    `The query ran longer than ${timeoutMs / 1000} s: filter or aggregate earlier.`,
    { cause },
  );
}

export function tooMuchMemory(cause?: unknown): QueryLimitError {
  return new QueryLimitError(
    "memory",
    "The query needs more memory than one query may have: aggregate or filter earlier, or select fewer columns.",
    { cause },
  );
}

/** What the engine says under `errors_as_json`; parse errors carry a word in front of the document. */
const EngineError = z.object({
  exception_type: z.string(),
  exception_message: z.string(),
  position: z.coerce.number().int().nonnegative().optional().catch(undefined),
});

/** Errors of the engine that are no fault of the query: a file that is gone or damaged, or the engine itself. */
const ownFaults: ReadonlySet<string> = new Set(["IO", "INTERNAL", "FATAL"]);

/** Turns the engine's error about `text`, which stood `prefixBytes` into what was run, into ours. */
export function queryError(error: unknown, text: string, prefixBytes = 0): Error {
  if (error instanceof QueryError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const engine = readEngineError(said);
  if (!engine) return new QueryError(said, undefined, { cause: error });

  const { exception_type: type, position } = engine;
  const message = `${type} Error: ${engine.exception_message}`;
  const fault = type === "Permission" ? undefined : fileFault(engine.exception_message);
  if (fault !== undefined) return new Error(`${fault} Restore it from a copy. ${message}`, { cause: error });
  if (ownFaults.has(type)) return new Error(message, { cause: error });
  if (type === "Out of Memory") return tooMuchMemory(error);
  const at = position === undefined ? undefined : positionIn(text, position - prefixBytes);
  const refused = type === "Permission" || needsExtension.test(engine.exception_message);
  return refused
    ? new QueryForbiddenError(
        "The query reads or writes outside the lake, which no query may do: name tables as schema.table.",
        at,
        { cause: error },
      )
    : new QueryError(message, at, { cause: error });
}

const needsExtension = /\bextension\b.*\b(install|load)|exists in the \S+ extension/i;

function readEngineError(said: string): z.infer<typeof EngineError> | undefined {
  const start = said.indexOf("{");
  if (start < 0) return undefined;
  try {
    return EngineError.parse(JSON.parse(said.slice(start)));
  } catch {
    return undefined;
  }
}

/** The engine counts bytes of UTF-8; people and editors count characters. */
export function positionIn(text: string, byteOffset: number): QueryPosition | undefined {
  const bytes = Buffer.from(text);
  if (byteOffset < 0 || byteOffset > bytes.length) return undefined;
  return positionAfter(bytes.subarray(0, byteOffset).toString());
}

/** Its parser, and only that, counts code points. */
export function positionOfCodePoint(text: string, codePoint: number): QueryPosition {
  return positionAfter([...text].slice(0, codePoint).join(""));
}

function positionAfter(before: string): QueryPosition {
  const lines = before.split("\n");
  return { offset: before.length, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}
