import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const EVERY_MS = 5;

export interface LoopWatch extends AsyncDisposable {
  /** The longest that this process's event loop was late, and that of a process beside it that does nothing. */
  worst(): Promise<{ ownMs: number; idleMs: number }>;
}

/** Watches how late timers are here, and in an idle process: what both have in common is the machine's doing. */
export async function watchLoop(): Promise<LoopWatch> {
  const child = fork(fileURLToPath(new URL("./idle-loop.ts", import.meta.url)), {
    execArgv: ["--import", "tsx"],
  });
  await once(child, "message");
  const own = followTimers();
  return {
    async worst() {
      child.send("worst");
      const [idleMs] = (await once(child, "message")) as [number];
      return { ownMs: own.worst(), idleMs };
    },
    async [Symbol.asyncDispose]() {
      own.stop();
      child.kill();
    },
  };
}

export function followTimers(): { worst(): number; stop(): void } {
  let worst = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - EVERY_MS);
    last = now;
  }, EVERY_MS);
  return { worst: () => worst, stop: () => clearInterval(timer) };
}
