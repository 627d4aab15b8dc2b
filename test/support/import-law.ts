import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";

/** What each folder may import besides itself; `*` stands for one folder. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  data: [],
  queues: [],
  observer: [],
  workers: ["queues", "data"],
  scheduler: ["queues", "data", ...doors()],
  api: ["queues", "data", "scheduler", ...doors()],
  cli: [
    "queues",
    "data",
    "scheduler",
    "api/keys.ts",
    "api/key-ring.ts",
    "api/main.ts",
    "workers/main.ts",
    ...doors(),
  ],
};

/** What a producer may know of the workers. */
function doors(): string[] {
  return ["workers/*/*/job.ts", "workers/define-job.ts", "workers/registry.ts"];
}

const knowBullMQ = /^(queues\/|workers\/[^/]+\.ts$|api\/board\.ts$)/;
const emptyName =
  /(^|\/)(utils?|helpers?|common|misc|shared|index|types|constants|functions)(\.ts|\/)|(service|manager|helper|util)s?\.ts$/i;
const unfinished = /\b(TODO|FIXME|XXX|HACK)\b|\b(for now|not (yet )?implemented|placeholder)\b/i;
/** Places of one machine, and hosts that only one network knows. */
const onePlace = /(^|["'`\s(=:])\/(work|root|home|Users)\/[\w.-]|[\w-]+\.(internal|corp|lan)\b/;

export const LINES_MAX = 350;

export const sourceFolders = Object.keys(allowed);

/** What is wrong with a source file, in sentences. */
export function violationsOf(file: string, source: string): string[] {
  const found = importsOf(file, source)
    .filter((target) => !mayImport(file, target))
    .map((target) => `${file} must not import ${target}`);
  if (emptyName.test(file)) found.push(`${file} has a name that says nothing of its content`);
  const lines = source.split("\n").length - 1;
  if (lines > LINES_MAX) found.push(`${file} has ${lines} lines, more than ${LINES_MAX}`);
  for (const [index, line] of source.split("\n").entries()) {
    const at = `${file}:${index + 1}`;
    if (/^\s*(\/\/|\*|\/\*).*/.test(line) && unfinished.test(line))
      found.push(`${at} speaks of work that is not done`);
    if (onePlace.test(line)) found.push(`${at} names a place of one machine`);
  }
  return found;
}

function mayImport(file: string, target: string): boolean {
  if (target === "bullmq") return knowBullMQ.test(file);
  if (target === "config.ts") return basename(file) === "main.ts";
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from && to && from !== to) return basename(target) === "job.ts";
  const folder = file.split("/")[0] ?? "";
  return matches(target, folder) || (allowed[folder] ?? []).some((pattern) => matches(target, pattern));
}

/** The kind a file belongs to: `workers/gold-build/build` for `workers/gold-build/build/run.ts`. */
function roomOf(path: string): string | undefined {
  return /^workers\/[^/]+\/[^/]+(?=\/)/.exec(path)?.[0];
}

function matches(path: string, pattern: string): boolean {
  if (!pattern.endsWith(".ts")) return path.startsWith(`${pattern}/`);
  return new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("*", "[^/]+")}$`).test(path);
}

/** Our own files by their path from the root, and the packages that a law is about by name. */
export function importsOf(file: string, source: string): string[] {
  const found = source.matchAll(/(?:from |import\(|import )"((?:\.|bullmq")[^"]*)"?/g);
  return Array.from(found, ([, name = ""]) => (name.startsWith(".") ? join(dirname(file), name) : "bullmq"));
}

/** Every TypeScript file under `folder`, by its path from the root. */
export function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("lake/"))
    .map((name) => join(folder, name))
    .sort();
}

export function read(file: string): string {
  return readFileSync(file, "utf8");
}
