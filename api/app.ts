import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler } from "express";
import { firstError } from "../data/errors.ts";
import { refuseOtherSites } from "./access.ts";
import type { AccessLog } from "./access-log.ts";
import { admit, type Gate } from "./admit.ts";
import { answerRoute, headData } from "./answer-route.ts";
import { mountBoard } from "./board.ts";
import type { AnyRoute, ApiServices } from "./define-route.ts";
import { mountDocsPage } from "./docs-page.ts";
import { type ProbeParts, probeRoutes } from "./probes.ts";
import { Problem } from "./problem.ts";
import { checkProtocol } from "./protocol-errors.ts";
import type { RedisState } from "./redis-state.ts";
import { pathOf } from "./request-target.ts";
import { RouteTable } from "./route-table.ts";
import { sendProblem } from "./send-problem.ts";
import { traceOf } from "./trace.ts";

export interface ApiParts extends Gate {
  readonly services: ApiServices;
  readonly routes: Readonly<Record<string, AnyRoute>>;
  readonly redis: RedisState;
  readonly accessLog: AccessLog;
  readonly probes: ProbeParts;
  /** Aborts when the process is asked to end, which ends the streams that would last. */
  readonly closing: AbortSignal;
}

/** Operations are answered without asking Express, which has the board, the reading page and what is unknown. */
export function createApp(parts: ApiParts): RequestListener {
  const routes = { ...parts.routes, ...probeRoutes(parts.probes) };
  const table = new RouteTable(Object.values(routes));
  const fail = (error: unknown, request: IncomingMessage, response: ServerResponse) => {
    if (!response.headersSent) headData(request, response, parts.closing);
    sendProblem(firstError(error), response, traceOf(request).id, parts.services.log);
  };
  const pages = createPages(parts, routes, fail);

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    try {
      checkProtocol(request);
      refuseOtherSites(request);
      const found = table.find(request.method ?? "", pathOf(request));
      if (!found) return pages(request, response);
      if ("route" in found) return await answerRoute(found.route, found.params, request, response, parts);
      admit(request, parts);
      const headers = { allow: found.allow };
      throw new Problem("wrong-method", `This path takes ${found.allow}.`, { headers });
    } catch (error) {
      fail(error, request, response);
    }
  };
  return (request, response) => {
    parts.accessLog.follow(request, response);
    // What cannot even be told to the caller ends the connection, and never the process.
    answer(request, response).catch((error: unknown) => {
      parts.services.log.error({ err: error }, "A request could not be answered");
      response.destroy();
    });
  };
}

type Fail = (error: unknown, request: IncomingMessage, response: ServerResponse) => void;

function createPages(parts: ApiParts, routes: ApiParts["routes"], fail: Fail) {
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.use((request, response, next) => {
    headData(request, response, parts.closing);
    next();
  });
  mountDocsPage(app, routes, parts.services.kinds);
  mountBoard(app, parts);
  app.use((request) => {
    admit(request, parts);
    throw new Problem("unknown-path", "/docs lists the paths that there are.");
  });

  const answerProblem: ErrorRequestHandler = (error, request, response, _next) =>
    fail(error, request, response);
  app.use(answerProblem);
  return app;
}
