import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { child } from "../../workers/define-job.ts";
import { runInThread } from "../../workers/thread.ts";
import { kind } from "../support/kinds.ts";
import { apply, Batch, columns } from "./batch.ts";
import { batchesOf } from "./tests/batches.ts";

/** One line of the history that is kept when a test fails. */
export interface Entry {
  readonly at: number;
  readonly pid: number;
  readonly what: string;
  readonly batch?: number;
}

/** The kinds that meet with the accidents; their history lies beside the lake. */
export function kindsIn(dir: string) {
  const write = (what: string, batch?: number) => {
    const entry: Entry = { at: Date.now(), pid: process.pid, what, ...(batch !== undefined && { batch }) };
    appendFileSync(join(dir, "history.ndjson"), `${JSON.stringify(entry)}\n`);
  };

  const batchJob = kind({
    kind: "chaos-batch",
    input: Batch,
    attempts: 5,
    backoffMs: 100,
    timeoutMs: 60_000,
    key: ({ batch, delivery }) => `${batch} ${delivery}`,
    async run({ input, lake, signal }) {
      const { batch } = input;
      write("start", batch);
      signal.addEventListener("abort", () => write(`told ${signal.reason.reason}`, batch), { once: true });
      if (input.poison) await poison(input.poison, signal);
      if (input.inThread)
        await runInThread(new URL("./spin.thread.ts", import.meta.url), input.blocksMs, { signal });
      else if (input.blocksMs && isFirst(dir, batch)) block(input.blocksMs);
      if (input.takesMs) await pause(input.takesMs, undefined, input.ignoresSignal ? {} : { signal });
      const outcome = await apply(lake, input, input.ignoresSignal ? new AbortController().signal : signal);
      write(outcome, batch);
      return { outcome };
    },
  });

  const poisoned = kind({
    ...batchJob,
    kind: "chaos-poison",
    attempts: 2,
    timeoutMs: 1_500,
    run: async (context) => (await batchJob.load()).run(context),
  });

  const flow = kind({
    kind: "chaos-flow",
    input: z.strictObject({
      name: z.string(),
      from: z.int(),
      parts: z.int(),
      /** The first of every so many throws. */
      throwing: z.int().optional(),
      takesMs: z.number().optional(),
    }),
    attempts: 5,
    backoffMs: 100,
    key: ({ name }) => name,
    async run({ input: { from, parts, throwing, takesMs = 0 }, runChildren }) {
      const batches = batchesOf(parts, { takesMs }, from).map((batch, at) =>
        Batch.parse({ ...batch, ...(throwing && at % throwing === 0 && { poison: "throws" }) }),
      );
      const done = await runChildren(
        "parts",
        batches.map((batch) => child(batchJob, batch)),
      );
      return { parts: done.length };
    },
  });

  /** Rewrites a table of its own several times and removes what no version needs any more. */
  const sweep = kind({
    kind: "chaos-sweep",
    input: z.strictObject({ n: z.int() }),
    attempts: 5,
    backoffMs: 100,
    key: ({ n }) => String(n),
    exclusive: () => "swept",
    async run({ input, lake, signal }) {
      write("sweep", input.n);
      const table = lake.table("chaos.swept");
      await table.ensure({ columns });
      for (let round = 0; round < 3; round += 1)
        await table.overwrite(
          { sql: `select ${input.n}::bigint as batch, ${round}::bigint as row, '' as value` },
          { signal },
        );
      await table.checkpoint();
      const { files } = await table.vacuum({ retentionMs: 0, force: true });
      return { files: files.length };
    },
  });

  return { batchJob, poisoned, flow, sweep };
}

/** One run is held up; if every one were, the job would be the poison that it looks like. */
function isFirst(dir: string, batch: number): boolean {
  try {
    mkdirSync(join(dir, `blocked-${batch}`));
    return true;
  } catch {
    return false;
  }
}

function block(ms: number): void {
  const until = Date.now() + ms;
  while (Date.now() < until);
}

async function poison(how: NonNullable<Batch["poison"]>, signal: AbortSignal): Promise<void> {
  if (how === "throws") throw new Error("It throws, as it was told to");
  if (how === "exits") process.exit(139);
  if (how === "grows") for (const kept: number[][] = []; ; ) kept.push(new Array(1_000_000).fill(1.5));
  await pause(600_000, undefined, { signal });
}
