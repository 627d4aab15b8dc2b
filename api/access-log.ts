import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { HttpMetrics } from "./http-metrics.ts";
import { traceOf } from "./trace.ts";

/** What a reply that its caller did not wait for is counted as. */
const GONE = 499;

/** One line a request, without the path as sent, the query or the body. */
export interface AccessLog {
  follow(request: IncomingMessage, response: ServerResponse): void;
}

export function createAccessLog(log: Logger, metrics: HttpMetrics): AccessLog {
  return {
    follow(request, response) {
      const startedAt = performance.now();
      response.once("close", () => {
        const { id, route, caller } = traceOf(request);
        const ms = performance.now() - startedAt;
        const method = request.method ?? "";
        const status = response.writableFinished ? response.statusCode : GONE;
        metrics.observe(method, route, status, ms / 1_000);
        log.info({ requestId: id, method, route, status, caller, ms: Math.round(ms) }, "request");
      });
    },
  };
}
