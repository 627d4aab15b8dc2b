import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { z } from "zod";
import { formatMediaTypes, formatNames } from "../../data/sql/formats/names.ts";
import { QueryError, QueryForbiddenError, QueryLimitError } from "../../data/sql/query-error.ts";
import { readVersionAt } from "../../data/sql/version-at.ts";
import { defineStream, type RouteContext } from "../define-route.ts";
import { Problem } from "../problem.ts";

/** A reader may be slow, but others wait for its result to be gone: so long for all of it, so long for a pause. */
const SEND_LIMIT_MS = 600_000;
const PAUSE_LIMIT_MS = 30_000;

type Body = z.infer<typeof Body>;
const Body = z
  .strictObject({
    sql: z.string().min(1).max(65_536).describe("One statement that reads, over tables as schema.table"),
    as_of: z
      .union([z.int().min(0), z.string()])
      .transform((text, context) => {
        const at = readVersionAt(String(text));
        if (!at) context.addIssue("A version, such as 3, or a time, such as 2026-01-31T00:00:00Z");
        return at;
      })
      .optional()
      .describe("The version of each table, or the time at which to read them"),
    format: z.enum(formatNames).default("json").describe("What the reply is"),
  })
  .meta({ id: "SqlQuery" });

export const sql = defineStream({
  summary: "Ask the tables in SQL",
  description:
    'DuckDB\'s dialect, one statement that reads. `schema."table@v3"` reads one table at a version. The reply begins when the query has succeeded, so a reply of 200 is cut only by a broken connection. docs/sql.md has the formats and the limits.',
  method: "post",
  path: "/sql",
  role: "read",
  body: Body,
  withoutRedis: true,
  status: 200,
  streams: Object.values(formatMediaTypes),
  async stream(context, response) {
    try {
      await answer(context, response);
    } catch (error) {
      if (response.destroyed) return;
      if (context.signal.aborted) throw new Problem("unavailable", "The server is stopping; ask again soon.");
      throw problemOf(error);
    }
  },
});

async function answer(
  { body, lake, sql: limits, signal }: RouteContext<unknown, unknown, Body>,
  response: ServerResponse,
): Promise<void> {
  const { askWalled } = await import("../../data/sql/wall/ask.ts");
  await using result = await askWalled(lake, { sql: body.sql, asOf: body.as_of, signal }, limits);
  const leave = AbortSignal.any([signal, AbortSignal.timeout(SEND_LIMIT_MS)]);
  for await (const piece of result.pieces(body.format)) {
    leave.throwIfAborted();
    if (!response.headersSent) response.writeHead(200, { "content-type": formatMediaTypes[body.format] });
    if (response.write(piece)) continue;
    await once(response, "drain", { signal: AbortSignal.any([leave, AbortSignal.timeout(PAUSE_LIMIT_MS)]) });
  }
  if (!response.headersSent) response.writeHead(200, { "content-type": formatMediaTypes[body.format] });
  response.end();
}

function problemOf(error: unknown): unknown {
  if (!(error instanceof QueryError)) return error;
  const position = error.position && { position: error.position };
  if (error instanceof QueryForbiddenError)
    return new Problem("query-forbidden", error.message, { ...position });
  if (error instanceof QueryLimitError) return new Problem("query-limit", error.message);
  return new Problem("query-wrong", error.message, { ...position });
}
