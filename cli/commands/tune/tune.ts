import { writeFile } from "node:fs/promises";
import type { Lake } from "../../../data/lake.ts";
import { frontierSvg } from "../../../data/vectors/autotune/frontier-svg.ts";
import { readIndex } from "../../../data/vectors/indexes.ts";
import { frontier, wholeTrials } from "../../../data/vectors/trials/best.ts";
import { readTrials, type Trial } from "../../../data/vectors/trials/journal.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { autotuneCycle } from "../../../workers/autotune/autotune-cycle/job.ts";
import { alignColumns } from "../../columns.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure, UsageFailure } from "../../failure.ts";
import { followJob } from "../../follow-job.ts";
import type { Output } from "../../output.ts";

export interface TuneOptions {
  readonly targetRecall?: string;
  readonly budget: string;
  readonly svg?: string;
}

const LOOK_EVERY_MS = 1_000;
const columns = [
  { title: "rows", align: "right" },
  { title: "M", align: "right" },
  { title: "ef built", align: "right" },
  { title: "ef searched", align: "right" },
  { title: "recall", align: "right" },
  { title: "p50 ms", align: "right" },
  { title: "p95 ms", align: "right" },
  { title: "built in s", align: "right" },
] as const;

export async function tuneIndex(context: CliContext, index: string, options: TuneOptions): Promise<void> {
  const budgetSeconds = secondsOf(options.budget);
  const target = options.targetRecall === undefined ? undefined : shareOf(options.targetRecall);
  await using lake = await context.openLake();
  const definition = await readIndex(lake, index);
  if (definition.backend !== "hnsw")
    throw new UsageFailure(
      `${index} is kept by Lance on disk; only a graph in memory has settings to tune.`,
      `millrace vectors show ${index}`,
    );
  const gate = target ?? definition.targetRecall;
  const input = autotuneCycle.input.parse({
    index,
    budgetSeconds,
    ...(target !== undefined && { targetRecall: target }),
    cooldownMinutes: 0,
    trialsPerHour: 10_000,
  });
  const before = (await readTrials(lake, index)).length;
  await using cluster = await context.openCluster(["autotune", "embedding"]);
  const table = liveTable(lake, index, before, gate, context.output);
  const ended = await followJob(context, cluster.queues, () =>
    enqueue(cluster.queues, autotuneCycle, input),
  ).finally(table.stop);
  await table.look();
  const { indexes } = ended.output as { indexes: { outcome: string; why: string; generation: number }[] };
  if (indexes.length === 0)
    throw new CliFailure(`${index} has no vectors to tune.`, { next: `millrace vectors refresh ${index}` });
  const trials = await readTrials(lake, index);
  const whole = wholeTrials(trials);
  const shown = whole.length > 0 ? whole : trials;
  const best = frontier(shown);
  const picture = options.svg;
  if (picture !== undefined) await writeFile(picture, frontierSvg(shown, gate, index));
  context.output.result({ tuned: ended.output, frontier: best }, (paint) => {
    const told = indexes.map(
      ({ outcome, why, generation }) =>
        `${paint(outcome === "promoted" ? "green" : "yellow", outcome)} generation ${generation}: ${why}`,
    );
    const drawn = picture === undefined ? [] : [`${paint("green", "written")} ${picture}`];
    return [
      paint("dim", "The frontier:"),
      alignColumns(columns, best.map(cells), paint),
      ...told,
      ...drawn,
    ].join("\n");
  });
}

/** Shows each build's best width as soon as it is in the journal. */
function liveTable(lake: Lake, index: string, before: number, gate: number, output: Output) {
  let seen = before;
  let looking: Promise<void> | undefined;
  const look = async () => {
    const trials = (await readTrials(lake, index)).slice(seen);
    seen += trials.length;
    for (const build of new Set(trials.map(({ trial }) => trial))) {
      const widths = trials.filter(({ trial }) => trial === build);
      const shown = widths.find(({ recall }) => recall >= gate) ?? widths.at(-1);
      if (!shown) continue;
      const named = columns.map(({ title }, at) => `${title} ${cells(shown)[at]}`);
      output.say(`${output.paintError("dim", "tried")} ${named.join("  ")}`);
    }
  };
  const lookOnce = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  // A look on the way may fail; the last one says so.
  const timer = setInterval(() => void lookOnce().catch(() => undefined), LOOK_EVERY_MS);
  return { look: () => (looking ?? Promise.resolve()).then(lookOnce), stop: () => clearInterval(timer) };
}

function cells(trial: Trial): string[] {
  return [
    String(trial.rows),
    String(trial.m),
    String(trial.ef_construction),
    String(trial.ef_search),
    trial.recall.toFixed(3),
    trial.p50_ms.toFixed(3),
    trial.p95_ms.toFixed(3),
    trial.build_seconds.toFixed(1),
  ];
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

function secondsOf(text: string): number {
  const [, number, unit = "s"] = /^(\d+)\s*([smh])?$/.exec(text) ?? [];
  const seconds = Number(number) * (units[unit] ?? 1);
  if (seconds > 0) return seconds;
  throw new UsageFailure(`--budget is a time, not ${text}`, "for example --budget 90s, 10m or 1h");
}

function shareOf(text: string): number {
  const share = Number(text);
  if (share > 0 && share <= 1) return share;
  throw new UsageFailure(
    `--target-recall is a share up to 1, not ${text}`,
    "for example --target-recall 0.99",
  );
}
