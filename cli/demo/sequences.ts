import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateMimic } from "../../data/sequences/generator/generate.ts";
import type { JobContract } from "../../queues/contract.ts";
import { enqueue } from "../../queues/enqueue.ts";
import type { Queues } from "../../queues/queues.ts";
import { untilEnded } from "../../queues/watch.ts";
import { Input, sequencesBuild } from "../../workers/sequences/sequences-build/job.ts";
import { Input as ExportInput, sequencesExport } from "../../workers/sequences/sequences-export/job.ts";
import { CliFailure } from "../failure.ts";
import type { DemoGround, DemoStep } from "./step.ts";

const SIZE = { patients: 60, labs: 6_000, seed: 1, gzip: false, badRows: true };

/** Invented hospital stays become sequences of tokens, in parts; every assertion about them is then held. */
export const makeSequences: DemoStep = {
  title: "Turn a small MIMIC-IV into event sequences",
  async run(ground) {
    const folder = await mkdtemp(join(tmpdir(), "millrace-mimic-"));
    try {
      return await buildAndCheck(ground, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function buildAndCheck({ lake, queues, say }: DemoGround, folder: string) {
  const connection = await (await lake.duckdb()).connect();
  const rows = await generateMimic(connection, folder, SIZE);
  connection.closeSync();
  say(
    `${SIZE.patients} invented patients, ${rows.admissions} stays, ${SIZE.labs} laboratory values, 3 bad rows`,
  );

  const input = Input.parse({ source: folder, rowsPerRange: 4_000 });
  const built = (await outputOf(queues, sequencesBuild, input)) as { events: number; tokens: number };
  const out = join(folder, "out");
  await outputOf(queues, sequencesExport, ExportInput.parse({ out }));
  const { runChecks } = await import("../../data/sequences/run-checks.ts");
  const results = await runChecks(lake, { source: folder, out });
  const violated = results.filter(({ violations }) => violations !== null && violations > 0);
  if (violated.length > 0)
    throw new CliFailure(`The sequences violate ${violated.map(({ id }) => id).join(", ")}.`);
  const held = results.filter(({ violations }) => violations === 0).length;
  return { events: built.events, tokens: built.tokens, "assertions held": held };
}

async function outputOf<T>(queues: Queues, contract: JobContract<T>, input: T): Promise<unknown> {
  const ended = await untilEnded(queues, (await enqueue(queues, contract, input)).id);
  if (ended.state !== "completed") throw new CliFailure(`${ended.kind} failed: ${ended.error}`);
  return ended.output;
}
