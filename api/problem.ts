import { z } from "zod";

/**
 * Everything that can go wrong with a request, by the name that ends its `type`. The names are a promise to
 * callers: they are added to, never changed. docs/api.md explains each.
 */
export const problems = {
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "bad-request": { status: 400, title: "The request cannot be read" },
  "key-missing": { status: 401, title: "A key is needed" },
  "key-unknown": { status: 401, title: "The key is not known" },
  forbidden: { status: 403, title: "The key may not do this" },
  "cross-site": { status: 403, title: "Requests from other sites are refused" },
  "wrong-host": { status: 403, title: "The host is not this server" },
  "unknown-path": { status: 404, title: "There is no such path" },
  "unknown-kind": { status: 404, title: "There is no such kind of job" },
  "unknown-job": { status: 404, title: "There is no such job" },
  "not-found": { status: 404, title: "It is not there" },
  "too-slow": { status: 408, title: "The request took too long to arrive" },
  "wrong-method": { status: 405, title: "The path does not take this method" },
  conflict: { status: 409, title: "Its state does not allow this" },
  "too-large": { status: 413, title: "The body is too large" },
  "wrong-media-type": { status: 415, title: "The body must be JSON" },
  "unknown-expectation": { status: 417, title: "The expectation cannot be met" },
  invalid: { status: 422, title: "The request is not valid" },
  "query-wrong": { status: 422, title: "The query is wrong" },
  "query-limit": { status: 422, title: "The query is too large" },
  "query-forbidden": { status: 403, title: "The query may not do this" },
  "rate-limited": { status: 429, title: "Too many requests" },
  "headers-too-large": { status: 431, title: "The headers are too large" },
  "lake-damaged": { status: 500, title: "The lake is damaged" },
  failed: { status: 500, title: "The server failed" },
  unavailable: { status: 503, title: "The cluster cannot answer now" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemName = keyof typeof problems;

/** One field that is wrong: where it is, as a JSON pointer, and why. */
export type WrongField = z.infer<typeof WrongField>;
export const WrongField = z
  .strictObject({
    in: z.enum(["body", "path", "query", "header"]),
    path: z.string().describe("JSON pointer within that part; empty for the whole of it"),
    message: z.string(),
  })
  .meta({ id: "WrongField" });

/** Where in a query's text the engine stumbled. */
export type TextPosition = z.infer<typeof TextPosition>;
export const TextPosition = z
  .strictObject({
    offset: z.int().describe("Characters from the start, from 0"),
    line: z.int().describe("From 1"),
    column: z.int().describe("From 1"),
  })
  .meta({ id: "TextPosition" });

/** RFC 9457. */
export type ProblemDocument = z.infer<typeof ProblemDocument>;
export const ProblemDocument = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    requestId: z.string(),
    errors: z.array(WrongField).optional(),
    position: TextPosition.optional(),
  })
  .meta({ id: "Problem", description: "What went wrong (RFC 9457); `type` never changes" });

/** Ends a request; its text is for the caller and is the only text of an error that leaves the process. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly problem: ProblemName;
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly WrongField[] | undefined;
  readonly position: TextPosition | undefined;

  constructor(
    problem: ProblemName,
    detail: string,
    options: ErrorOptions & {
      headers?: Record<string, string>;
      errors?: readonly WrongField[];
      position?: TextPosition;
    } = {},
  ) {
    super(detail, options);
    this.problem = problem;
    this.headers = options.headers ?? {};
    this.errors = options.errors;
    this.position = options.position;
  }
}

export function problemDocument(problem: Problem, requestId: string): ProblemDocument {
  const { status, title } = problems[problem.problem];
  return {
    type: `urn:millrace:problem:${problem.problem}`,
    title,
    status,
    detail: problem.message,
    requestId,
    ...(problem.errors && { errors: [...problem.errors] }),
    ...(problem.position && { position: problem.position }),
  };
}
