import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { serve } from "../processes/serve.ts";

interface Options {
  readonly host?: string;
  readonly port?: string;
  readonly attached?: boolean;
}

export function define(command: Command, context: CliContext): void {
  command
    .option("--host <address>", "the address to listen on (API_HOST; 127.0.0.1)")
    .option("--port <n>", "the port to listen on, 0 for a free one (API_PORT; 3100)")
    .addOption(new Option("--attached").hideHelp())
    .addHelpText(
      "after",
      `
On any address but loopback it needs API keys: see millrace keys --help.

Examples:
  millrace api
  millrace api --port 8080
  API_KEYS_FILE=/etc/millrace/keys.json millrace api --host 0.0.0.0`,
    )
    .action(async ({ host, port, attached }: Options) => {
      const settings = { API_HOST: host, API_PORT: port };
      await serve(context, "api", { attached: attached === true, settings });
    });
}
