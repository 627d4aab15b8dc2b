import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureRedis } from "../queues/redis/ensure-redis.ts";
import { chartOf } from "./harness/chart.ts";
import { describeMachine } from "./harness/machine.ts";
import { type Curve, drawCurve, measure, type Result } from "./harness/measure.ts";
import type { Measurement } from "./harness/measurement.ts";
import { chartFile, pageOf, type Results } from "./harness/page.ts";
import { tableOf } from "./harness/table.ts";

const RESULTS = "bench/results.json";
const usage = `npm run bench [area] [-- --scale S --only NAME --json FILE --curves --write --list]\n`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: "string", default: "1" },
    /** Measurements whose name contains this. */
    only: { type: "string", default: "" },
    json: { type: "string" },
    curves: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

async function areas(): Promise<string[]> {
  const folders = (await readdir("bench", { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return folders
    .map(({ name }) => name)
    .filter((name) => existsSync(join("bench", name, "figures.ts")))
    .sort();
}

async function measurementsOf(area: string): Promise<readonly Measurement[]> {
  const { figures } = (await import(`./${area}/figures.ts`)) as { figures: readonly Measurement[] };
  return figures.filter(({ name }) => name.includes(options.only));
}

const known = await areas();
const asked = positionals.length > 0 ? positionals : known;
const scale = Number(options.scale);
const stranger = asked.find((area) => !known.includes(area));
if (stranger !== undefined || options.help || !(scale > 0)) {
  if (stranger !== undefined) say(`There is no area ${stranger}; there are ${known.join(", ")}.`);
  process.stdout.write(usage);
  process.exit(options.help ? 0 : 1);
}
if (options.list) {
  for (const area of asked)
    for (const { name, size } of await measurementsOf(area)) say(`${area.padEnd(12)} ${name} (${size})`);
  process.exit(0);
}

const machine = await describeMachine();
if (machine.loadAtStart > machine.cores)
  say(`The machine is busy (load ${machine.loadAtStart}); times will be worse than they are.`);
const dir = await mkdtemp(join(tmpdir(), "bench-redis-"));
let redis: ReturnType<typeof ensureRedis> | undefined;
async function redisUrl(): Promise<string> {
  redis ??= ensureRedis({ dir });
  return (await redis).url;
}
const context = { scale, redisUrl };
const results: Result[] = [];
const curves: Curve[] = [];
let failures = 0;
try {
  for (const area of asked) {
    for (const measurement of await measurementsOf(area)) {
      process.stderr.write(`${area}: ${measurement.name}\n`);
      try {
        results.push(...(await measure(area, measurement, context)));
        const curve = options.curves ? await drawCurve(area, measurement, context) : undefined;
        if (curve) curves.push(curve);
      } catch (error) {
        failures += 1;
        say(
          `${area}: ${measurement.name} could not be measured: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
  }
} finally {
  await (await redis)?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
}

say(tableOf(results));
if (options.json) await writeFile(options.json, JSON.stringify({ machine, results, curves }, null, 2));
if (options.write) await keep();
const missed = results.filter(({ met }) => met === false).length;
say(`${results.length} figures, ${missed} missed, ${failures} not measured`);
process.exit(failures > 0 ? 1 : 0);

/** Figures that were not measured now stay as they were. */
async function keep(): Promise<void> {
  const before = JSON.parse(
    await readFile(RESULTS, "utf8").catch(() => '{"figures":[],"curves":[]}'),
  ) as Results;
  const keyOf = ({ area, measurement }: { area: string; measurement: string }) => `${area} ${measurement}`;
  const now = new Set(results.map(keyOf));
  const drawn = new Set(curves.map(keyOf));
  const merged: Results = {
    figures: [
      ...before.figures.filter((figure) => !now.has(keyOf(figure))),
      ...results.map((result) => ({ ...result, machine })),
    ].sort((a, b) => keyOf(a).localeCompare(keyOf(b))),
    curves: [...before.curves.filter((curve) => !drawn.has(keyOf(curve))), ...curves],
  };
  await writeFile(RESULTS, `${JSON.stringify(merged, null, 2)}\n`);
  await writeFile("docs/benchmarks.md", pageOf(merged));
  await mkdir("docs/benchmarks", { recursive: true });
  for (const curve of curves) await writeFile(join("docs/benchmarks", chartFile(curve)), chartOf(curve));
}
