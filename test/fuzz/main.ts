import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { doors } from "./doors.ts";
import type { Fed } from "./run-door.ts";

const HANG_MS = 30_000;
const program = fileURLToPath(new URL("./door-process.ts", import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, inputs: { type: "string", default: "10000" } },
});
const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 30));
const say = (text: string) => process.stdout.write(`${text}\n`);
say(`seed ${seed}, ${options.inputs} inputs for each door`);

let failed = 0;
for (const door of doors) {
  if (
    positionals.length > 0 &&
    !positionals.some((word) => door.name.toLowerCase().includes(word.toLowerCase()))
  )
    continue;
  const from = Date.now();
  const { fed, end } = await feed(door.name);
  const seconds = Math.round((Date.now() - from) / 1_000);
  const broken = fed?.broken ?? [];
  const isFine = fed !== undefined && broken.length === 0;
  if (!isFine) failed += 1;
  say(
    `${isFine ? "passed" : "FAILED"}  ${door.name}: ${fed ? `${fed.taken} taken, refused ${JSON.stringify(fed.refused)}` : end} (${seconds} s)`,
  );
  for (const { seed: own, what } of broken.slice(0, 5)) say(`        seed ${own}: ${what}`);
}
say(failed === 0 ? "no process ended, none hung, every refusal had a reason" : `${failed} doors failed`);
process.exit(failed > 0 ? 1 : 0);

function feed(door: string): Promise<{ fed?: Fed; end: string }> {
  return new Promise((resolve) => {
    const child = fork(program, [door, String(seed), options.inputs], { execArgv: ["--import", "tsx"] });
    let last = seed;
    let fed: Fed | undefined;
    const hung = () => {
      child.kill("SIGKILL");
      resolve({ end: `it hung for ${HANG_MS / 1_000} s at seed ${last}` });
    };
    let timer = setTimeout(hung, 2 * HANG_MS);
    child.on("message", (message: { feeding?: number; fed?: Fed }) => {
      clearTimeout(timer);
      timer = setTimeout(hung, HANG_MS);
      last = message.feeding ?? last;
      fed = message.fed ?? fed;
    });
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(fed ? { fed, end: "" } : { end: `its process ended with ${signal ?? code} at seed ${last}` });
    });
  });
}
