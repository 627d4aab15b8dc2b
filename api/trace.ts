import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** What the log, the metrics and problems say of a request; filled in as it is found out. */
export interface Trace {
  /** Answered as `X-Request-Id`; the caller's own name for the request is kept. */
  readonly id: string;
  /** The operation it turned out to be. Paths carry ids, so the log has the pattern in their place. */
  route: string;
  caller: string;
}

const key = Symbol("trace");

/** Kept on the request itself: a WeakMap of requests costs the garbage collector more than the requests do. */
export function traceOf(request: IncomingMessage & { [key]?: Trace }): Trace {
  let trace = request[key];
  if (trace === undefined) {
    trace = { id: idOf(request), route: "none", caller: "nobody" };
    request[key] = trace;
  }
  return trace;
}

/** Says which operation a request is, and by whom, once that is known. */
export function nameRequest(request: IncomingMessage, route: string, caller: string) {
  const trace = traceOf(request);
  trace.route = route;
  trace.caller = caller;
}

function idOf({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
