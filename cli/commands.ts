import type { Command } from "commander";
import type { CliContext } from "./context.ts";

/** What a file in `commands/` exports: it adds arguments, options, verbs and actions to its own command. */
export interface CommandFile {
  define(command: Command, context: CliContext): void;
}

export interface CommandEntry {
  readonly name: string;
  readonly group: "Run" | "Work" | "Data" | "Administer";
  readonly summary: string;
  /** False for processes that run until they are stopped: what they print is their log. */
  readonly json?: false;
  /** Read only when the command is called, so that `--help` stays quick and no producer loads DuckDB. */
  load(): Promise<CommandFile>;
}

/** Every command, one line each, in the order the help shows them. */
export const commands: readonly CommandEntry[] = [
  {
    name: "up",
    group: "Run",
    summary: "run everything on this machine",
    load: () => import("./commands/up.ts"),
  },
  {
    name: "demo",
    group: "Run",
    summary: "see the whole of it work, in a minute",
    load: () => import("./commands/demo.ts"),
  },
  {
    name: "api",
    group: "Run",
    summary: "serve the HTTP API",
    json: false,
    load: () => import("./commands/api.ts"),
  },
  {
    name: "worker",
    group: "Run",
    summary: "serve one pool or several",
    json: false,
    load: () => import("./commands/worker.ts"),
  },
  {
    name: "scheduler",
    group: "Run",
    summary: "ask for work by the clock",
    json: false,
    load: () => import("./commands/scheduler.ts"),
  },
  {
    name: "jobs",
    group: "Work",
    summary: "ask for work, watch, cancel and retry it",
    load: () => import("./commands/jobs.ts"),
  },
  {
    name: "pools",
    group: "Work",
    summary: "the pools, how full they are and who serves them",
    load: () => import("./commands/pools.ts"),
  },
  {
    name: "dead",
    group: "Work",
    summary: "what failed for good: look, replay, purge",
    load: () => import("./commands/dead.ts"),
  },
  {
    name: "schedules",
    group: "Work",
    summary: "the clock's list: look, run now, switch on and off",
    load: () => import("./commands/schedules.ts"),
  },
  {
    name: "reconcile",
    group: "Work",
    summary: "queue again what was accepted and lost",
    load: () => import("./commands/reconcile.ts"),
  },
  {
    name: "observer",
    group: "Work",
    summary: "what happened, what it teaches, and what to do next",
    load: () => import("./commands/observer.ts"),
  },
  {
    name: "sql",
    group: "Data",
    summary: "ask the tables in SQL",
    load: () => import("./commands/sql.ts"),
  },
  {
    name: "table",
    group: "Data",
    summary: "look at tables, read them and keep them in order",
    load: () => import("./commands/table.ts"),
  },
  {
    name: "land",
    group: "Data",
    summary: "bring FHIR bundles into Bronze",
    load: () => import("./commands/land.ts"),
  },
  {
    name: "refresh",
    group: "Data",
    summary: "bring Silver, and Gold, up to what lies in Bronze",
    load: () => import("./commands/refresh.ts"),
  },
  {
    name: "validate",
    group: "Data",
    summary: "hold Silver against its rules",
    load: () => import("./commands/validate.ts"),
  },
  {
    name: "gold",
    group: "Data",
    summary: "build Gold from Silver",
    load: () => import("./commands/gold.ts"),
  },
  {
    name: "quarantine",
    group: "Data",
    summary: "bundles that cannot be read: look, retry",
    load: () => import("./commands/quarantine.ts"),
  },
  {
    name: "withdraw",
    group: "Data",
    summary: "take bundles out again, and their rows with the next refresh",
    load: () => import("./commands/withdraw.ts"),
  },
  {
    name: "walkthrough",
    group: "Data",
    summary: "one patient from the bundle to Gold",
    load: () => import("./commands/walkthrough.ts"),
  },
  {
    name: "sequences",
    group: "Data",
    summary: "MIMIC-IV releases as event sequences: build, check, report, export",
    load: () => import("./commands/sequences.ts"),
  },
  {
    name: "vectors",
    group: "Data",
    summary: "indexes for searching by meaning: create, refresh, look, drop",
    load: () => import("./commands/vectors.ts"),
  },
  {
    name: "generate",
    group: "Data",
    summary: "invented data to try things on",
    load: () => import("./commands/generate.ts"),
  },
  {
    name: "docs",
    group: "Administer",
    summary: "write the documents that come from the code, or check them",
    load: () => import("./commands/docs.ts"),
  },
  {
    name: "search",
    group: "Data",
    summary: "search an index by words or by a vector",
    load: () => import("./commands/search.ts"),
  },
  {
    name: "tune",
    group: "Data",
    summary: "look for a better setting of an index, and let it serve if it wins",
    load: () => import("./commands/tune.ts"),
  },
  {
    name: "keys",
    group: "Administer",
    summary: "make, list and revoke API keys",
    load: () => import("./commands/keys.ts"),
  },
  {
    name: "doctor",
    group: "Administer",
    summary: "check this machine and its settings, and say what to do",
    load: () => import("./commands/doctor.ts"),
  },
];
