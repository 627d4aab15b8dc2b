import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { ExpressAdapter } from "@bull-board/express";
import type { Express, NextFunction, Request, Response } from "express";
import { poolNames } from "../queues/pools.ts";
import type { Queues } from "../queues/queues.ts";
import { checkRole } from "./access.ts";
import { admit, type Gate } from "./admit.ts";
import type { Role } from "./keys.ts";
import { Problem } from "./problem.ts";
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
  const adapter = new ExpressAdapter();
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
    checkRole(caller, neededFor(request));
    refuseUnchecked(request);
    securePage(response);
    if (request.path.startsWith("/api")) answerWhileAway(response, redis, next);
    next();
  };
  app.use(base, guard, adapter.getRouter());
}

/** Looking is reading; giving a job another try is operating; what else the board can do changes the cluster. */
function neededFor({ method, path }: Request): Role {
  if (method === "GET" || method === "HEAD") return "read";
  return /\/(retry|promote)(\/\w+)?$/.test(path) ? "operate" : "admin";
}

/** Work is asked for through `POST /jobs`, which validates it; the board would write whatever it is given. */
function refuseUnchecked({ method, path }: Request) {
  if (method === "GET" || !/\/(add|update-data)$/.test(path)) return;
  throw new Problem("forbidden", "Ask for work with POST /jobs/{kind}, which checks its input.");
}

/** The board waits for Redis for ever; its callers do not have to. */
function answerWhileAway(response: Response, redis: RedisState, next: NextFunction) {
  redis.check();
  const answered = new Promise<void>((resolve) => response.once("close", () => resolve()));
  redis.orAway(answered).catch((error: unknown) => {
    if (!response.headersSent) next(error);
  });
}
