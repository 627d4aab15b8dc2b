import type { ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { z } from "zod";
import type { Lake } from "../data/lake.ts";
import type { QueryLimits } from "../data/sql/run-query.ts";
import type { ModelServer } from "../data/vectors/embedders/ollama.ts";
import type { Queues } from "../queues/queues.ts";
import type { Schedule } from "../scheduler/schedule.ts";
import type { AnyJob } from "../workers/define-job.ts";
import type { Role } from "./keys.ts";

export interface ApiServices {
  readonly lake: Lake;
  readonly queues: Queues;
  readonly log: Logger;
  /** The kinds of work that can be asked for, by name. */
  readonly kinds: ReadonlyMap<string, AnyJob>;
  readonly schedules: readonly Schedule[];
  readonly sql: QueryLimits;
  /** Where models answer; undefined: only the built-in embedder serves. */
  readonly modelServer?: ModelServer | undefined;
}

export interface Caller {
  /** The key's name, or the address where no keys are in use. */
  readonly name: string;
  readonly role: Role;
}

export interface RouteContext<Params, Query, Body> extends ApiServices {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Caller;
  /** The `Idempotency-Key` header, for routes that say they take it. */
  readonly idempotencyKey: string | undefined;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
}

interface Operation<Params, Query, Body> {
  readonly summary: string;
  /** More than the summary can say, in Markdown. */
  readonly description?: string;
  readonly method: "get" | "post" | "put" | "delete";
  /** OpenAPI form: `/cohorts/{cohort}`. */
  readonly path: `/${string}`;
  /** The least role that may call it; `anyone` needs no key. */
  readonly role: Role | "anyone";
  readonly params?: z.ZodType<Params>;
  readonly query?: z.ZodType<Query>;
  readonly body?: z.ZodType<Body>;
  /** For a body whose parts are judged one by one: `body` is a BodyText, and this is what is in it. */
  readonly takesText?: { readonly types: readonly string[]; readonly schema: z.ZodType };
  /** The largest body it reads; 256 KB unless said. */
  readonly maxBodyBytes?: number;
  readonly takesIdempotencyKey?: true;
  /** The `{kind}` of its path is a kind of job, and its body that kind's input. */
  readonly perKind?: true;
  /** Answers while Redis is away; every other route then answers 503. */
  readonly withoutRedis?: true;
}

/** One operation of the API. The server validates with these schemas and the OpenAPI page is printed from them. */
export interface Route<Params, Query, Body, Reply> extends Operation<Params, Query, Body> {
  readonly status: 200 | 202;
  readonly reply: z.ZodType<Reply>;
  /** The path of what was made, for the `Location` header. */
  location?(reply: Reply): string;
  handle(context: RouteContext<Params, Query, Body>): Promise<Reply>;
}

/** An operation that writes its reply itself, piece by piece. */
export interface StreamRoute<Params, Query, Body> extends Operation<Params, Query, Body> {
  readonly status: 200;
  /** The media types it may answer with. */
  readonly streams: readonly string[];
  /**
   * Nothing is sent before the first write, so an error until then becomes a problem; after it the connection is
   * cut. Ends the response itself, and stops when `signal` aborts.
   */
  stream(context: RouteContext<Params, Query, Body>, response: ServerResponse): Promise<void>;
}

export type AnyRoute =
  // biome-ignore lint/suspicious/noExplicitAny: these are parameters of `handle`, so no other type holds every route.
  | Route<any, any, any, any>
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  | StreamRoute<any, any, any>;

export function defineRoute<Params, Query, Body, Reply>(
  route: Route<Params, Query, Body, Reply>,
): typeof route {
  return route;
}

export function defineStream<Params, Query, Body>(route: StreamRoute<Params, Query, Body>): typeof route {
  return route;
}
