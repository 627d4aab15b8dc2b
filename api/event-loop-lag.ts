import { monitorEventLoopDelay } from "node:perf_hooks";

const RESOLUTION_MS = 20;

/** How long work had to wait for this process's event loop, at worst, since it was last asked. */
export interface EventLoopLag extends Disposable {
  worstMs(): number;
}

export function watchEventLoop(): EventLoopLag {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    worstMs() {
      const worst = delay.count === 0 ? 0 : delay.max / 1e6 - RESOLUTION_MS;
      delay.reset();
      return Math.max(0, Math.round(worst * 10) / 10);
    },
    [Symbol.dispose]: () => void delay.disable(),
  };
}
