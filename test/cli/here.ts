import { join } from "node:path";
import { Writable } from "node:stream";
import { createContext } from "../../cli/context.ts";
import { runProgram } from "../../cli/program.ts";
import { readConfig } from "../../config.ts";
import type { Finished } from "./terminal.ts";

/** A command line over the lake of `dir` in this process: a process of its own costs a second each. */
export async function runHere(dir: string, ...args: string[]): Promise<Finished> {
  const said = { stdout: "", stderr: "" };
  const streamTo = (name: keyof typeof said) =>
    new Writable({
      write(text, _encoding, done) {
        said[name] += String(text);
        done();
      },
    }) as NodeJS.WriteStream;
  const streams = { stdout: streamTo("stdout"), stderr: streamTo("stderr") };
  const env = { LAKE_URL: join(dir, "lake"), TEMP_DIR: join(dir, "spill"), CACHE_DIR: join(dir, "cache") };
  const context = createContext({ env, streams, readSettings: readConfig });
  const code = await runProgram(args, context, { version: "0.0.0" });
  return { code, ...said };
}
