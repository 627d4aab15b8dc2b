import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import type { Express, NextFunction, Request, Response } from "express";
import { poolNames } from "../queues/pools.ts";
import type { Queues } from "../queues/queues.ts";
import { checkRole } from "./access.ts";
import { admit, type Gate } from "./admit.ts";
import { isOffered, neededFor, stepsOf } from "./board-changes.ts";
import type { RedisState } from "./redis-state.ts";
import { securePage } from "./security-headers.ts";
import { nameRequest } from "./trace.ts";

const base = "/board";

/** Where the board shows one job. */
export function boardLink(pool: string, id: string): string {
  return `${base}/queue/${encodeURIComponent(pool)}/${encodeURIComponent(id)}`;
}

export function mountBoard(
  app: Express,
  parts: Gate & { readonly services: { readonly queues: Queues }; readonly redis: RedisState },
) {
  const { services, redis } = parts;
  const adapter = new OfferedRoutes();
  adapter.setBasePath(base);
  createBullBoard({
    queues: poolNames.map((pool) => new BullMQAdapter(services.queues.of[pool])),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: "Millrace" } },
  });
  // Thrown on to what answers all other errors: the board's own answer tells the caller what only the log should hold.
  adapter.setErrorHandler((error) => {
    throw error;
  });

  const guard = (request: Request, response: Response, next: NextFunction) => {
    nameRequest(request, base, "anyone");
    const caller = admit(request, parts);
    nameRequest(request, base, caller.name);
    const steps = stepsOf(request.path);
    checkRole(caller, neededFor(request.method, steps));
    securePage(response);
    if (steps[0] === "api") answerWhileAway(response, redis, next);
    next();
  };
  app.use(base, guard, adapter.getRouter());
}

/** Has no route for a change that is not offered, so that no spelling of a path reaches one. */
class OfferedRoutes extends ExpressAdapter {
  constructor() {
    super();
    this.app.disable("x-powered-by");
  }

  override setApiRoutes(routes: Parameters<ExpressAdapter["setApiRoutes"]>[0]) {
    const offered = routes.filter(({ method, route }) =>
      [method].flat().every((each) => [route].flat().every((pattern) => isOffered(each, pattern))),
    );
    return super.setApiRoutes(offered);
  }
}

/** The board waits for Redis for ever; its callers do not have to. */
function answerWhileAway(response: Response, redis: RedisState, next: NextFunction) {
  redis.check();
  const answered = new Promise<void>((resolve) => response.once("close", () => resolve()));
  redis.orAway(answered).catch((error: unknown) => {
    if (!response.headersSent) next(error);
  });
}
