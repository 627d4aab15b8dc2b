import type { Logger } from "pino";
import { RedisUnavailableError } from "../queues/errors.ts";
import { isRedisTrouble } from "../queues/reach.ts";
import { Problem } from "./problem.ts";

const ASK_EVERY_MS = 500;
const ANSWER_WITHIN_MS = 1_000;

/** Whether Redis answers. Asked twice a second, so that no request waits for a Redis that has gone. */
export interface RedisState extends Disposable {
  readonly away: boolean;
  /** Throws the answer 503 while Redis is away. */
  check(): void;
  /** Settles with `work`, or rejects as soon as Redis is found to be away. */
  orAway<Result>(work: Promise<Result>): Promise<Result>;
}

/** Resolves when Redis has been asked once, so that the first request is not answered by a guess. */
export async function watchRedis(ping: () => Promise<unknown>, log: Logger): Promise<RedisState> {
  const waiting = new Set<(reason: Problem) => void>();
  let away = false;
  let asked: Promise<boolean> | undefined;

  /** One question at a time: a Redis that hangs would otherwise be left a growing pile of them. */
  const ask = () => {
    asked ??= ping().then(
      () => true,
      () => false,
    );
    const question = asked;
    void question.then(() => {
      if (asked === question) asked = undefined;
    });
    return Promise.race([question, expire(ANSWER_WITHIN_MS)]);
  };

  const check = async () => {
    const answers = await ask();
    if (away === answers) log[answers ? "info" : "error"](answers ? "Redis answers again" : "Redis is away");
    away = !answers;
    if (away) for (const reject of waiting) reject(unavailable());
  };

  const timer = setInterval(() => void check(), ASK_EVERY_MS).unref();
  await check();

  return {
    get away() {
      return away;
    },
    check() {
      if (away) throw unavailable();
    },
    orAway(work) {
      return new Promise((resolve, reject) => {
        waiting.add(reject);
        work.then(
          (result) => {
            waiting.delete(reject);
            resolve(result);
          },
          (error: unknown) => {
            waiting.delete(reject);
            reject(error);
          },
        );
      });
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

export function unavailable(cause?: unknown): Problem {
  return new Problem(
    "unavailable",
    "Redis does not answer. Nothing was queued for certain: ask again later.",
    {
      headers: { "retry-after": "2" },
      cause,
    },
  );
}

/** Redis lives but takes no work: it is full, cannot save, or follows another. */
const refusals = /^(OOM|MISCONF|READONLY|NOREPLICAS) /;

/** True of what ioredis and Redis say when the trouble is Redis itself, gone or full, and not the request. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof RedisUnavailableError || isRedisTrouble(error)) return true;
  return error instanceof Error && refusals.test(error.message);
}

function expire(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false).unref());
}
