import type { JobView } from "../../queues/job-view.ts";
import type { Output } from "../output.ts";
import { count, duration } from "../quantities.ts";
import { amountOf, stateWord } from "./amount.ts";
import type { StageMeter } from "./stage-meter.ts";
import type { WatchView } from "./watch-view.ts";

const EVERY_MS = 5_000;

interface Said {
  readonly over: boolean;
  readonly at: number;
  readonly amount: string;
}

/** For a log or a pipe: a line for each new state and stage, and one now and then while a stage goes on and moves. */
export function lineView(output: Pick<Output, "say">, clock: () => number = Date.now): WatchView {
  const said = new Map<string, Said>();
  let lastState = "";
  let last: { readonly job: JobView; readonly meters: readonly StageMeter[] } | undefined;
  const write = (text: string) => output.say(text);
  const sayState = (job: JobView) => {
    const state = stateWord(job);
    if (state !== lastState) write(`${job.kind} ${job.id}: ${state}`);
    lastState = state;
  };
  const sayMeters = (meters: readonly StageMeter[]) => {
    for (const meter of meters) {
      // Nothing of an unknown whole says nothing.
      if (meter.done === 0 && meter.total === null) continue;
      const key = `${meter.stage} ${meter.unit}`;
      const before = said.get(key);
      const now = clock();
      const { over } = meter;
      const amount = amountOf(meter);
      if (before && (before.amount === amount || (before.over === over && now - before.at < EVERY_MS)))
        continue;
      said.set(key, { over, at: now, amount });
      write(`  ${describeMeter(meter)}`);
    }
  };

  return {
    show(job, meters) {
      last = { job, meters };
      // How far its parts came is read once more after the end, and the end is the last line.
      if (hasEnded(job)) return;
      sayState(job);
      sayMeters(meters);
    },
    say: write,
    end() {
      if (!last || !hasEnded(last.job)) return;
      sayMeters(last.meters);
      sayState(last.job);
    },
  };
}

function hasEnded({ state }: JobView): boolean {
  return state === "completed" || state === "failed";
}

function describeMeter(meter: StageMeter): string {
  const { stage, rate, leftMs } = meter;
  const pace = rate === null ? "" : `, ${count(rate)}/s`;
  return `${stage}: ${amountOf(meter)}${pace}${leftMs === null ? "" : `, ${duration(leftMs)} left`}`;
}

/** With `--json` only the result is written. */
export const silentView: WatchView = { show() {}, say() {}, end() {} };
