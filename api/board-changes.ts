import type { Role } from "./keys.ts";
import { Problem } from "./problem.ts";

interface Change {
  readonly method: string;
  readonly pattern: string;
  readonly needs: Role;
}

/**
 * All that the board may change, by the patterns of its own router. What is not here it does not do: work is asked for
 * through `POST /jobs`, which validates it, and what runs on the clock stands in the program.
 */
const changes: readonly Change[] = [
  { method: "put", pattern: "/api/queues/:queueName/retry/:queueStatus", needs: "operate" },
  { method: "put", pattern: "/api/queues/:queueName/promote", needs: "operate" },
  { method: "put", pattern: "/api/queues/:queueName/:jobId/retry", needs: "operate" },
  { method: "put", pattern: "/api/queues/:queueName/:jobId/promote", needs: "operate" },
  { method: "put", pattern: "/api/queues/pause", needs: "admin" },
  { method: "put", pattern: "/api/queues/resume", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/pause", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/resume", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/concurrency", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/rate-limit", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/rate-limit/release", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/clean/:queueStatus", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/empty", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/obliterate", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/:jobId/clean", needs: "admin" },
  { method: "put", pattern: "/api/queues/:queueName/:jobId/remove-unprocessed-children", needs: "admin" },
  { method: "patch", pattern: "/api/queues/:queueName/:jobId/delay", needs: "admin" },
  { method: "patch", pattern: "/api/queues/:queueName/:jobId/priority", needs: "admin" },
];

/** Whether the board's router has such a route at all. */
export function isOffered(method: string, pattern: string): boolean {
  return method === "get" || changes.some((change) => change.method === method && change.pattern === pattern);
}

/**
 * The steps of a path in one form, as many spellings of it are one to a router: no capitals, no escapes, no slash at
 * the end and none doubled. A slash that is escaped belongs to its step.
 */
export function stepsOf(path: string): readonly string[] {
  return path
    .split("/")
    .filter((step) => step !== "")
    .map((step) => decode(step).toLowerCase());
}

/** Looking is reading; a change needs the most that any pattern it fits asks for; all else is refused. */
export function neededFor(method: string, steps: readonly string[]): Role {
  if (method === "GET" || method === "HEAD") return "read";
  const found = changes.filter(
    (change) => change.method === method.toLowerCase() && fits(steps, change.pattern.slice(1).split("/")),
  );
  if (found.length === 0) {
    const detail = "The board does not do this. Ask for work with POST /jobs/{kind}, which checks its input.";
    throw new Problem("forbidden", detail);
  }
  return found.some(({ needs }) => needs === "admin") ? "admin" : "operate";
}

function fits(steps: readonly string[], pattern: readonly string[]): boolean {
  return (
    steps.length === pattern.length &&
    pattern.every((word, at) => word.startsWith(":") || word.toLowerCase() === steps[at])
  );
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    throw new Problem("bad-request", "Check the path's escapes.");
  }
}
