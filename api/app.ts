import express, { type ErrorRequestHandler, type Express } from "express";
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
import type { RedisState } from "./redis-state.ts";
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

export function createApp(parts: ApiParts): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag");
  const routes = { ...parts.routes, ...probeRoutes(parts.probes) };
  const table = new RouteTable(Object.values(routes));
  app.use((request, response, next) => {
    parts.accessLog.follow(request, response);
    refuseOtherSites(request);
    const found = table.find(request.method, request.path);
    if (found && "route" in found) return answerRoute(found.route, found.params, request, response, parts);
    headData(request, response, parts.closing);
    if (!found) return next();
    admit(request, parts);
    throw new Problem("wrong-method", `This path takes ${found.allow}.`, { headers: { allow: found.allow } });
  });

  mountDocsPage(app, routes, parts.services.kinds);
  mountBoard(app, parts);
  app.use((request) => {
    admit(request, parts);
    throw new Problem("unknown-path", "/docs lists the paths that there are.");
  });

  const answerProblem: ErrorRequestHandler = (error, request, response, _next) => {
    if (!response.headersSent) headData(request, response, parts.closing);
    sendProblem(firstError(error), response, traceOf(request).id, parts.services.log);
  };
  app.use(answerProblem);
  return app;
}
