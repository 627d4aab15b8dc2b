import { readFile } from "node:fs/promises";
import { readConfig } from "../config.ts";
import { createContext } from "./context.ts";
import { runProgram } from "./program.ts";

/** A reader that has seen enough (`millrace jobs ls | head -1`) is no error. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
const context = createContext({
  env: process.env,
  streams: { stdout: process.stdout, stderr: process.stderr },
  readSettings: readConfig,
});
const exitCode = await runProgram(process.argv.slice(2), context, { version });

// What is written is on its way to a slow terminal or pipe until this is called.
process.stdout.write("", () => process.exit(exitCode));
