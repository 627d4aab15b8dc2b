import { MultiBar, type SingleBar } from "cli-progress";
import type { JobView } from "../../queues/job-view.ts";
import type { Output } from "../output.ts";
import type { Paint } from "../paint.ts";
import { count, duration } from "../quantities.ts";
import { amountOf, stateWord } from "./amount.ts";
import type { StageMeter } from "./stage-meter.ts";
import type { WatchView } from "./watch-view.ts";

const BAR_WIDTH = 28;
const NAME_WIDTH = 16;

/** One bar a stage, redrawn in place. */
export function barView(output: Output): WatchView {
  const paint = output.paintError;
  const drawing = new MultiBar(
    {
      stream: output.streams.stderr,
      format: (_options, _params, payload: { text: string }) => payload.text,
      hideCursor: true,
      clearOnComplete: false,
      gracefulExit: false,
      linewrap: null,
      fps: 12,
      forceRedraw: true,
      emptyOnZero: true,
    },
    { format: "", barCompleteChar: "", barIncompleteChar: "" },
  );
  const bars = new Map<string, SingleBar>();
  const put = (key: string, text: string) => {
    const bar = bars.get(key);
    if (bar) bar.update(0, { text });
    else bars.set(key, drawing.create(1, 0, { text }));
  };

  return {
    show(job, meters) {
      put("job", renderHeading(job, paint));
      for (const meter of meters) put(`${meter.stage} ${meter.unit}`, renderMeter(meter, paint));
      drawing.update();
    },
    say(text) {
      drawing.log(`${text}\n`);
      drawing.update();
    },
    end() {
      drawing.stop();
    },
  };
}

function renderHeading(job: JobView, paint: Paint): string {
  const tries =
    job.attempts.made > 0 && job.state !== "completed" ? ` · attempt ${job.attempts.made + 1}` : "";
  return `${paint("bold", job.kind)} ${paint("dim", job.id)} ${renderState(job, paint)}${paint("yellow", tries)}`;
}

export function renderState(
  { state, cancelled }: Pick<JobView, "state" | "cancelled">,
  paint: Paint,
): string {
  const colours = { completed: "green", failed: "red", active: "cyan" } as const;
  const isPlain = state === "waiting" || state === "delayed" || state === "waiting-children";
  const colour = cancelled ? "yellow" : isPlain ? "dim" : colours[state];
  return paint(colour, stateWord({ state, cancelled }));
}

export function renderMeter(
  { stage, unit, done, total, rate, leftMs, over }: StageMeter,
  paint: Paint,
): string {
  const share = total === null || total === 0 ? (over ? 1 : 0) : Math.min(1, done / total);
  const full = Math.round(share * BAR_WIDTH);
  const bar = paint(over ? "green" : "cyan", "█".repeat(full)) + paint("dim", "░".repeat(BAR_WIDTH - full));
  const amount = amountOf({ done, total, unit });
  const pace = rate === null ? "" : `  ${count(rate >= 10 ? Math.round(rate) : rate)}/s`;
  const left = leftMs === null ? "" : `  ${duration(leftMs)} left`;
  return `  ${stage.padEnd(NAME_WIDTH)} ${bar} ${amount}${paint("dim", pace + left)}`;
}
