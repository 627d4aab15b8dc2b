import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createContext } from "../../cli/context.ts";
import { runProgram } from "../../cli/program.ts";
import { readConfig } from "../../config.ts";
import { test as base } from "../support/test.ts";

const millraceFile = fileURLToPath(new URL("../../cli/millrace.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `millrace` process as a person or a script would start it. */
export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves once `text` was printed on either stream; rejects when the process ends without. */
  printed(text: string): Promise<void>;
}

export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  start(...args: string[]): Started;
  run(...args: string[]): Promise<Finished>;
  /** The same in another environment; undefined unsets. */
  with(changes: Readonly<Record<string, string | undefined>>): Terminal;
  /** The same in another folder. */
  in(folder: string): Terminal;
}

export function terminalIn(env: NodeJS.ProcessEnv, folder?: string): Terminal {
  const start = (...args: string[]) => startMillrace(args, env, folder);
  return {
    env,
    start,
    run: (...args) => start(...args).finished,
    with(changes) {
      const entries = Object.entries({ ...env, ...changes }).filter(([, value]) => value !== undefined);
      return terminalIn(Object.fromEntries(entries), folder);
    },
    in: (other) => terminalIn(env, other),
  };
}

/** The one document that `--json` promises; anything else beside it makes this throw. */
export function documentOf({ stdout }: Finished): unknown {
  return JSON.parse(stdout);
}

/** `test` with a terminal whose commands work on the test's own lake and queues. */
export const test = base.extend<{ terminal: Terminal }>({
  terminal: async ({ address, dir }, use) => {
    await use(
      terminalIn({
        ...inherited(),
        LAKE_URL: join(dir, "lake"),
        REDIS_URL: address.redisUrl,
        QUEUE_PREFIX: address.prefix,
        API_PORT: "0",
        TEMP_DIR: join(dir, "spill"),
        CACHE_DIR: join(dir, "cache"),
      }),
    );
  },
});

/** What every program needs of its surroundings, and no setting of ours that happens to be there. */
function inherited(): NodeJS.ProcessEnv {
  // biome-ignore lint/style/noProcessEnv: a test's processes get an environment made here and nowhere else.
  const { PATH, HOME } = process.env;
  return { PATH, HOME };
}

/** The program without its process, for command lines that are refused before they do anything. */
export async function refuse(...args: string[]): Promise<Finished> {
  const said = { stdout: "", stderr: "" };
  const streamTo = (name: keyof typeof said) =>
    new Writable({
      write(text, _encoding, done) {
        said[name] += String(text);
        done();
      },
    });
  const streams = { stdout: streamTo("stdout"), stderr: streamTo("stderr") };
  const context = createContext({ env: {}, streams, readSettings: readConfig });
  const code = await runProgram(args, context, { version: "0.0.0" });
  return { code, ...said };
}

function startMillrace(args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string): Started {
  const child = spawn(process.execPath, [millraceFile, ...args], {
    env,
    ...(cwd !== undefined && { cwd }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.once("close", (code) => resolve({ code, ...said }));
  });
  return {
    child,
    finished,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if ((said.stdout + said.stderr).includes(text)) resolve();
        };
        listeners.add(look);
        look();
        void finished.then(() =>
          reject(new Error(`It ended without "${text}": ${said.stdout}${said.stderr}`)),
        );
      }),
  };
}
