import type { JobView } from "../../queues/job-view.ts";
import type { Output } from "../output.ts";
import { count, duration } from "../quantities.ts";
import type { StageMeter } from "./stage-meter.ts";
import type { WatchView } from "./watch-view.ts";

const EVERY_MS = 5_000;

/** For a log or a pipe: a line for each new state and stage, and one now and then while a stage goes on. */
export function lineView(output: Output): WatchView {
  const said = new Map<string, { readonly over: boolean; readonly at: number }>();
  let lastState = "";
  const write = (text: string) => output.say(text);

  return {
    show(job: JobView, meters: readonly StageMeter[]) {
      const state = job.cancelled ? "cancelled" : job.state;
      if (state !== lastState) write(`${job.kind} ${job.id}: ${state}`);
      lastState = state;
      for (const meter of meters) {
        const key = `${meter.stage} ${meter.unit}`;
        const before = said.get(key);
        const now = Date.now();
        if (before && before.over === meter.over && (meter.over || now - before.at < EVERY_MS)) continue;
        said.set(key, { over: meter.over, at: now });
        write(`  ${describeMeter(meter)}`);
      }
    },
    say: write,
    end() {},
  };
}

function describeMeter({ stage, unit, done, total, rate, leftMs }: StageMeter): string {
  const amount = total === null ? `${count(done)} ${unit}` : `${count(done)}/${count(total)} ${unit}`;
  const pace = rate === null ? "" : `, ${count(rate)}/s`;
  return `${stage}: ${amount}${pace}${leftMs === null ? "" : `, ${duration(leftMs)} left`}`;
}

/** With `--json` only the result is written. */
export const silentView: WatchView = { show() {}, say() {}, end() {} };
