import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { alignColumns } from "../columns.ts";
import type { CliContext } from "../context.ts";
import { CliFailure } from "../failure.ts";
import { duration } from "../quantities.ts";
import { Crew } from "./crew.ts";
import type { DemoGround } from "./step.ts";
import { steps } from "./steps.ts";

interface Shown {
  readonly step: string;
  readonly ms: number;
  readonly seen: Readonly<Record<string, number | string>>;
}

export async function demo(context: CliContext, { dir }: { readonly dir?: string }): Promise<void> {
  const startedAt = Date.now();
  const folder = dir === undefined ? await mkdtemp(join(tmpdir(), "millrace-demo-")) : resolve(dir);
  const shown: Shown[] = [];
  try {
    await withGround(context, folder, async (ground) => {
      for (const [at, step] of steps.entries()) {
        ground.say(`${at + 1}/${steps.length} ${context.output.paintError("bold", step.title)}`);
        const stepStartedAt = Date.now();
        const seen = await step.run({ ...ground, say: (line) => ground.say(`    ${line}`) });
        shown.push({ step: step.title, ms: Date.now() - stepStartedAt, seen });
      }
    });
  } catch (error) {
    const step = steps[shown.length]?.title ?? "the end";
    throw new CliFailure(
      `The demo failed at "${step}": ${error instanceof Error ? error.message : String(error)}`,
      {
        next: `millrace doctor${dir === undefined ? ", or run it again with --dir to keep what it made" : ""}`,
        cause: error,
      },
    );
  } finally {
    if (dir === undefined)
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
  summarize(context, shown, { totalMs: Date.now() - startedAt, kept: dir === undefined ? null : folder });
}

async function withGround(
  context: CliContext,
  folder: string,
  work: (ground: DemoGround) => Promise<void>,
): Promise<void> {
  // A prefix of its own, for a Redis that REDIS_URL names may hold other queues.
  const prefix = `demo-${randomBytes(4).toString("hex")}`;
  const inside = context.withSettings({
    LAKE_URL: join(folder, "lake"),
    QUEUE_PREFIX: prefix,
    LOG_LEVEL: "info",
  });
  await using lake = await inside.openLake();
  await using cluster = await inside.openCluster([]);
  await using crew = new Crew(inside.env);
  const say = (line: string) => context.output.say(line);
  const { queues, storage } = cluster;
  await work({ context: inside, lake, storage, queues, crew, say });
  await crew[Symbol.asyncDispose]();
  for (const queue of Object.values(queues.of)) await queue.obliterate({ force: true });
}

function summarize(
  context: CliContext,
  shown: readonly Shown[],
  { totalMs, kept }: { readonly totalMs: number; readonly kept: string | null },
): void {
  const columns = [{ title: "step" }, { title: "took", align: "right" }, { title: "seen" }] as const;
  context.output.result({ ok: true, totalMs, kept, steps: shown }, (paint) => {
    const rows = shown.map(({ step, ms, seen }) => [
      `${paint("green", "✓")} ${step}`,
      duration(ms),
      Object.entries(seen)
        .map(
          ([name, value]) =>
            `${paint("bold", typeof value === "number" ? value.toLocaleString("en-US") : value)} ${paint("dim", name)}`,
        )
        .join("  "),
    ]);
    const closing = `${paint("green", "The demo passed")} in ${duration(totalMs)}.`;
    const where = kept === null ? "" : ` What it made is in ${kept}.`;
    return ["", alignColumns(columns, rows, paint), "", `${closing}${where} Next: millrace up`].join("\n");
  });
}
