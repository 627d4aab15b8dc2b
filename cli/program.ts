import { Command, CommanderError } from "commander";
import { firstError } from "../data/errors.ts";
import { type CommandEntry, commands } from "./commands.ts";
import type { CliContext } from "./context.ts";
import { exitCodeOf, exitCodes, reportOf, UsageFailure } from "./failure.ts";
import { nearest } from "./nearest.ts";

const usage = `
Settings come from the environment (LAKE_URL, REDIS_URL, API_PORT, ...); with none of them, Millrace keeps its
lake in data/lake and starts a Redis of its own.

Examples:
  millrace demo                       see the whole of it work, in a minute
  millrace up                         run everything on this machine
  millrace jobs ls --state failed     what went wrong
  millrace help jobs                  more about one command`;

/** Runs one command line and answers its exit code. Nothing here ends the process. */
export async function runProgram(
  args: readonly string[],
  context: CliContext,
  { version }: { version: string },
): Promise<number> {
  const program = buildProgram(context, { version });
  try {
    await program.parseAsync(helpAsOption(args), { from: "user" });
    return exitCodes.success;
  } catch (thrown) {
    const error = firstError(thrown);
    if (error instanceof CommanderError) return usageExit(error, args, context);
    const withStack = context.env.LOG_LEVEL === "debug" || context.env.LOG_LEVEL === "trace";
    context.output.failure(reportOf(error, { withStack }));
    return exitCodeOf(error);
  }
}

export function buildProgram(context: CliContext, { version }: { version: string }): Command {
  const program = new Command("millrace")
    .description("A job-queue worker cluster that keeps a lakehouse fresh.")
    .usage("<command> [options]")
    .version(version, "-V, --version", "print the version")
    // A command may have a --version of its own: millrace table read silver.patient --version 3.
    .enablePositionalOptions()
    .helpOption("-h, --help", "print help, for any command")
    .helpCommand("help [command]", "print help for a command")
    .addHelpText("after", usage)
    .configureOutput({
      writeOut: (text) => context.output.streams.stdout.write(text),
      writeErr: (text) => context.output.streams.stderr.write(text),
      outputError: () => {}, // usageExit says it, in the house's form.
    })
    .exitOverride()
    .hook("preSubcommand", async (program, command) => {
      const entry = commands.find(({ name }) => name === command.name());
      if (!entry) return;
      await fill(command, entry, context);
      context.output.json = program.args.includes("--json");
      requireVerb(command, program.args[1]);
    })
    .hook("preAction", (_program, action) => {
      context.output.json = action.opts().json === true;
    });
  for (const entry of commands)
    program.command(entry.name).description(entry.summary).helpGroup(`${entry.group}:`);
  return program;
}

/** Gives a command its verbs, options and actions; until then it is a name and a summary. */
export async function fill(command: Command, entry: CommandEntry, context: CliContext): Promise<void> {
  const { define } = await entry.load();
  define(command, context);
  if (entry.json === false) return;
  for (const leaf of leaves(command)) leaf.option("--json", "print one JSON document on stdout");
}

/** A group with a verb of its own for `millrace table` alone would take any other word for that verb's argument. */
function requireVerb(command: Command, word: string | undefined): void {
  const verbs = command.commands.map((verb) => verb.name());
  if (verbs.length === 0 || word === undefined || word.startsWith("-")) return;
  if ([...verbs, "help"].includes(word)) return;
  const meant = nearest(word, verbs);
  throw new UsageFailure(
    `unknown command '${word}'; ${command.name()} has ${verbs.join(", ")}`,
    meant ? `did you mean ${meant}?` : `millrace help ${command.name()}`,
  );
}

export function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

/** `help jobs ls` asks what `jobs ls --help` asks, and only the latter fills the command first. */
function helpAsOption(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  return first === "help" ? [...rest, "--help"] : [...args];
}

/** Commander's errors in the house's form: what is wrong, then what to type. */
function usageExit(error: CommanderError, args: readonly string[], context: CliContext): number {
  if (["commander.helpDisplayed", "commander.version"].includes(error.code)) return exitCodes.success;
  // A noun without its verb: commander has answered with the help.
  if (error.code === "commander.help") return exitCodes.usage;
  const [message = "", suggestion = ""] = error.message.replace(/^error: /, "").split("\n");
  const guess = /^\(Did you mean (.+)\?\)$/.exec(suggestion)?.[1];
  const noun = commands.find(({ name }) => name === args[0])?.name;
  context.output.json = args.includes("--json");
  context.output.failure({
    message,
    next: guess ? `did you mean ${guess}?` : `millrace help${noun ? ` ${noun}` : ""}`,
  });
  return exitCodes.usage;
}
