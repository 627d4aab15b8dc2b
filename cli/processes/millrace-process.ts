import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { nodeFlags } from "./node-flags.ts";

/** The line that each main module (api, scheduler, worker) writes to its log once it serves. */
export type Serving = z.infer<typeof Serving>;
export const Serving = z.object({
  msg: z.enum(["the API listens", "the clock runs", "serving"]),
  url: z.string().optional(),
});

export interface MillraceProcess {
  readonly child: ChildProcess;
  /** Resolves when it serves; rejects when it has ended before. */
  readonly ready: Promise<Serving>;
  /** Resolves with how it ended; never rejects. */
  readonly ended: Promise<Ending>;
  /** Asks it to end and kills it when it has not within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** How long it served or tried to. */
  readonly uptimeMs: number;
}

const millraceFile = fileURLToPath(new URL("../millrace.js", import.meta.url));

/**
 * Starts `millrace <args>` as a child. It leads a process group of its own, so that a Ctrl-C in the terminal reaches only
 * us and we end it in order; and it holds a channel to us, whose closing tells it that we are gone, however we went.
 */
export function startMillrace(
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly onLine: (line: string) => void },
): MillraceProcess {
  const startedAt = Date.now();
  const child = spawn(process.execPath, [...nodeFlags(args[0]), millraceFile, ...args, "--attached"], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...options.env, LOG_LEVEL: spokenLevel(options.env.LOG_LEVEL) },
  });
  const ended = new Promise<Ending>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) =>
      resolve({ code, signal, uptimeMs: Date.now() - startedAt });
    child.once("close", end);
    child.once("error", () => end(null, null));
  });
  const ready = new Promise<Serving>((resolve, reject) => {
    const onLine = (line: string) => {
      const serving = readServing(line);
      if (serving) resolve(serving);
      options.onLine(line);
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", onLine);
    }
    void ended.then((ending) => reject(new Error(`it ended before it was ready: ${describeEnding(ending)}`)));
  });
  ready.catch(() => undefined); // Whoever needs it awaits it; an end before that is no crash of ours.

  return {
    child,
    ready,
    ended,
    async stop(graceMs) {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function readServing(line: string): Serving | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return Serving.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export function describeEnding({ code, signal }: Pick<Ending, "code" | "signal">): string {
  if (signal) return `killed by ${signal}`;
  return code === null ? "it could not be started" : `exit code ${code}`;
}

/** A process tells that it serves by a line of level info, whatever else its user wants to hear. */
function spokenLevel(level: string | undefined): string {
  return level === "debug" || level === "trace" ? level : "info";
}
