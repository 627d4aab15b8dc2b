import { readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { parseArgs } from "node:util";
import type { ChaosTest, Setting } from "./chaos-test.ts";
import { keptHistory } from "./cluster.ts";
import { Random } from "./random.ts";
import { hasPassed, linesOf, type Outcome, pageOf, type Report } from "./report.ts";
import { soakOf } from "./soak.ts";
import { chaosTests } from "./tests.ts";

const RESULTS = "test/chaos/results.json";
const { values: options } = parseArgs({
  options: {
    seed: { type: "string" },
    only: { type: "string" },
    short: { type: "boolean", default: false },
    /** Every test, at the sizes of the short form. */
    small: { type: "boolean", default: false },
    hours: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const say = (text: string) => process.stdout.write(`${text}\n`);
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
const size: Setting["size"] = options.short || options.small ? "short" : "full";
const only = options.only?.split(",").map(Number);
say(`seed ${seed}`);

const chosen =
  options.hours === undefined
    ? chaosTests.filter(({ number, short }) => (only ? only.includes(number) : short || !options.short))
    : [soakOf(Number(options.hours), say)];
const outcomes: Outcome[] = [];
// The one that mostly waits does so beside the others, where minutes count.
const beside = chosen.filter(({ waits }) => waits && options.short);
const others = chosen.filter((test) => !beside.includes(test));
await Promise.all([beside, others].map(runAll));
outcomes.sort((a, b) => a.number - b.number);
const failed = outcomes.filter((outcome) => !hasPassed(outcome));
if (options.write) await keep();
say(` Chaos ${outcomes.length - failed.length} passed, ${failed.length} failed (seed ${seed})`);
process.exit(failed.length > 0 ? 1 : 0);

async function runAll(tests: readonly ChaosTest[]): Promise<void> {
  for (const test of tests) {
    const outcome = await runTest(test);
    outcomes.push(outcome);
    say(linesOf(outcome));
  }
}

async function runTest(test: ChaosTest): Promise<Outcome> {
  const { number, title } = test;
  const setting: Setting = { random: new Random(seed + number), size };
  const history = `chaos-history/${seed}-${number}`;
  const from = Date.now();
  const broken = (error: unknown) => `it could not be run: ${error instanceof Error ? error.message : error}`;
  const finding = await keptHistory
    .run(history, () => test.run(setting))
    .catch((error: unknown) => ({
      fault: "",
      checks: [{ says: broken(error), holds: false }],
    }));
  const control = await test
    .control(setting)
    .catch((error: unknown) => ({ says: broken(error), holds: false }));
  const date = new Date(from).toISOString().slice(0, 10);
  const seconds = (Date.now() - from) / 1_000;
  const outcome = { number, title, date, seed, size, finding, control, seconds };
  if (hasPassed(outcome)) await rm(history, { recursive: true, force: true });
  else say(`What happened is in ${history}`);
  return outcome;
}

/** Tests that did not run now stay as they were. */
async function keep(): Promise<void> {
  const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB, Node ${process.versions.node}`;
  const before = JSON.parse(await readFile(RESULTS, "utf8").catch(() => '{"outcomes":[]}')) as Report;
  const now = new Set(outcomes.map(({ number }) => number));
  const report: Report = {
    machine,
    outcomes: [...before.outcomes.filter(({ number }) => !now.has(number)), ...outcomes].sort(
      (a, b) => a.number - b.number,
    ),
  };
  await writeFile(RESULTS, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile("docs/reliability.md", pageOf(report));
}
