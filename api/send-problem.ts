import type { ServerResponse } from "node:http";
import type { Logger } from "pino";
import { DamageError, DataError, NotFoundError } from "../data/errors.ts";
import {
  DeadLetterNotFoundError,
  InputTooLargeError,
  JobNotFoundError,
  JobStateError,
} from "../queues/errors.ts";
import { Problem, problemDocument, problems } from "./problem.ts";
import { isUnavailable, unavailable } from "./redis-state.ts";

/** Answers with what went wrong. What is not the caller's doing goes to the log and not to the caller. */
export function sendProblem(error: unknown, response: ServerResponse, requestId: string, log: Logger) {
  const problem = toProblem(error);
  const { status } = problems[problem.problem];
  if (status >= 500) log.error({ err: problem.cause ?? error, requestId }, problems[problem.problem].title);
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
  response.writeHead(status, { "content-type": "application/problem+json; charset=utf-8" });
  response.end(JSON.stringify(problemDocument(problem, requestId)));
}

function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof NotFoundError) return new Problem("not-found", error.message);
  if (error instanceof DamageError) return new Problem("lake-damaged", error.message);
  if (error instanceof DataError) return new Problem("invalid", error.message);
  if (isUnavailable(error)) return unavailable(error);
  return (
    fromQueues(error) ??
    fromExpress(error) ??
    new Problem("failed", "The log has the reason, under this requestId.", { cause: error })
  );
}

function fromQueues(error: unknown): Problem | undefined {
  if (error instanceof JobNotFoundError) return new Problem("unknown-job", error.message);
  if (error instanceof DeadLetterNotFoundError) return new Problem("not-found", error.message);
  if (error instanceof JobStateError) return new Problem("conflict", error.message);
  if (error instanceof InputTooLargeError) return new Problem("too-large", error.message);
  return undefined;
}

/** Express and its body reader throw errors with a status and, for bodies, a type. */
function fromExpress(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !("status" in error)) return undefined;
  const type = "type" in error ? error.type : undefined;
  if (type === "entity.parse.failed") return new Problem("malformed-json", error.message);
  if (type === "entity.too.large") {
    const limit = "limit" in error ? `at most ${error.limit} bytes` : "less";
    return new Problem("too-large", `This path takes a body of ${limit}.`);
  }
  if (error.status === 415) return new Problem("wrong-media-type", "Send UTF-8 JSON, plain or gzipped.");
  if (typeof error.status === "number" && error.status < 500) {
    return new Problem("bad-request", "Check the path's escapes and that the body is sent whole.");
  }
  return undefined;
}
