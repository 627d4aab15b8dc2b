import type { ChaosTest } from "./chaos-test.ts";
import { duplicates, poison } from "./tests/deliveries.ts";
import { flowFaults, rollingDeploy, schedulers } from "./tests/deploying.ts";
import { diskFull } from "./tests/disk.ts";
import { killAtEachStep, killStorm, zombie } from "./tests/killing.ts";
import { beyondLock, clockSkew, slowJobs } from "./tests/lasting.ts";
import { lostReplies, partition } from "./tests/lines.ts";
import { malformed } from "./tests/malformed.ts";
import { modelCheck } from "./tests/model-check.ts";
import { realKinds } from "./tests/real-kinds.ts";
import { redisEmptied, redisFull, redisKilled } from "./tests/redis-gone.ts";

/** In the order of the plan. */
export const chaosTests: readonly ChaosTest[] = [
  killStorm,
  killAtEachStep,
  zombie,
  beyondLock,
  redisKilled,
  redisEmptied,
  lostReplies,
  partition,
  duplicates,
  poison,
  slowJobs,
  diskFull,
  redisFull,
  malformed,
  schedulers,
  clockSkew,
  rollingDeploy,
  flowFaults,
  modelCheck,
  ...realKinds,
];
