import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Lake } from "../data/lake.ts";
import type { QueryLimits } from "../data/sql/run-query.ts";
import type { ModelServer } from "../data/vectors/embedders/ollama.ts";
import type { Queues } from "../queues/queues.ts";
import type { Schedule } from "../scheduler/schedule.ts";
import type { AnyJob } from "../workers/define-job.ts";
import { checkRole } from "./access.ts";
import { admit, type Gate } from "./admit.ts";
import type { AnyRoute, ApiServices, Caller, RouteContext } from "./define-route.ts";
import { readJson, readText } from "./read-body.ts";
import type { RedisState } from "./redis-state.ts";
import { queryOf } from "./request-target.ts";
import { dataHeaders, secureData } from "./security-headers.ts";
import { nameRequest, traceOf } from "./trace.ts";
import { invalid, validate } from "./validate.ts";

const MAX_BODY_BYTES = 256 * 1024;
const MAX_KEY_LENGTH = 200;

export interface RouteParts extends Gate {
  readonly services: ApiServices;
  readonly redis: RedisState;
  readonly closing: AbortSignal;
}

type JsonRoute = Exclude<AnyRoute, { stream: unknown }>;

/** Answers one request for one route: who may, what they sent, what comes back. */
export async function answerRoute(
  route: AnyRoute,
  params: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
  parts: RouteParts,
): Promise<void> {
  const { redis, closing } = parts;
  const caller = admitTo(route, request, parts);
  if (!route.withoutRedis) redis.check();
  const body = route.body && (await readBody(route, request));
  const context = contextOf(route, params, request, response, caller, body, parts);
  if ("stream" in route) {
    headData(request, response, closing);
    const work = route.stream(context, response);
    return route.withoutRedis ? work : redis.orAway(work);
  }
  const work = route.handle(context);
  const value: unknown = await (route.withoutRedis ? work : redis.orAway(work));
  reply(route, value, request, response, closing);
}

/** What every answer that is data begins with. */
export function headData(request: IncomingMessage, response: ServerResponse, closing: AbortSignal) {
  secureData(response);
  response.setHeader("x-request-id", traceOf(request).id);
  if (closing.aborted) response.setHeader("connection", "close");
}

function readBody({ takesText, maxBodyBytes = MAX_BODY_BYTES }: AnyRoute, request: IncomingMessage) {
  return takesText ? readText(request, maxBodyBytes, takesText.types) : readJson(request, maxBodyBytes);
}

function admitTo(route: AnyRoute, request: IncomingMessage, gate: Gate): Caller {
  nameRequest(request, route.path, "anyone");
  if (route.role === "anyone") return { name: "anyone", role: "read" };
  const caller = admit(request, gate);
  nameRequest(request, route.path, caller.name);
  checkRole(caller, route.role);
  return caller;
}

function contextOf(
  route: AnyRoute,
  sentParams: Readonly<Record<string, string>>,
  request: IncomingMessage,
  response: ServerResponse,
  caller: Caller,
  sentBody: unknown,
  { services, closing }: RouteParts,
): RouteContext<unknown, unknown, unknown> {
  const [params, query, body] = validate([
    { in: "path", schema: route.params, value: sentParams },
    { in: "query", schema: route.query, value: route.query && queryOf(request) },
    { in: "body", schema: route.body, value: sentBody },
  ]);
  const idempotencyKey = route.takesIdempotencyKey ? idempotencyKeyOf(request) : undefined;
  return new RequestContext(services, { params, query, body, caller, idempotencyKey }, response, closing);
}

type Asked = Pick<
  RouteContext<unknown, unknown, unknown>,
  "params" | "query" | "body" | "caller" | "idempotencyKey"
>;

/** A class, for an object literal with a getter is made anew in every detail for every request. */
class RequestContext implements RouteContext<unknown, unknown, unknown> {
  readonly lake: Lake;
  readonly queues: Queues;
  readonly log: Logger;
  readonly kinds: ReadonlyMap<string, AnyJob>;
  readonly schedules: readonly Schedule[];
  readonly sql: QueryLimits;
  readonly modelServer: ModelServer | undefined;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly caller: Caller;
  readonly idempotencyKey: string | undefined;
  readonly #response: ServerResponse;
  readonly #closing: AbortSignal;
  #signal: AbortSignal | undefined;

  constructor(services: ApiServices, asked: Asked, response: ServerResponse, closing: AbortSignal) {
    this.lake = services.lake;
    this.queues = services.queues;
    this.log = services.log;
    this.kinds = services.kinds;
    this.schedules = services.schedules;
    this.sql = services.sql;
    this.modelServer = services.modelServer;
    this.params = asked.params;
    this.query = asked.query;
    this.body = asked.body;
    this.caller = asked.caller;
    this.idempotencyKey = asked.idempotencyKey;
    this.#response = response;
    this.#closing = closing;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#response, this.#closing);
    return this.#signal;
  }
}

/** Aborts when the caller goes away or this process is asked to end. */
function signalOf(response: ServerResponse, closing: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  closing.addEventListener("abort", abort, { once: true });
  response.once("close", () => {
    closing.removeEventListener("abort", abort);
    abort();
  });
  if (closing.aborted || response.closed) abort();
  return controller.signal;
}

/** All headers go in one list, the length among them: else Node copies each twice and sends the body in chunks. */
function reply(
  route: JsonRoute,
  value: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  closing: AbortSignal,
) {
  if (response.destroyed) return;
  const body = JSON.stringify(value);
  const bytes = Buffer.byteLength(body);
  const headers = [
    ...dataHeaders,
    "x-request-id",
    traceOf(request).id,
    "content-type",
    "application/json; charset=utf-8",
    "content-length",
    String(bytes),
  ];
  const location = route.location?.(value);
  if (location) headers.push("location", location);
  if (closing.aborted) headers.push("connection", "close");
  response.writeHead(route.status, headers);
  // Where every character is one byte both are the same, and the first is copied as it is.
  response.end(body, bytes === body.length ? "latin1" : "utf8");
}

function idempotencyKeyOf({ headers }: IncomingMessage): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && key.length > 0 && key.length <= MAX_KEY_LENGTH) return key;
  const message = `Give 1 to ${MAX_KEY_LENGTH} characters`;
  throw invalid([{ in: "header", path: "/Idempotency-Key", message }]);
}
