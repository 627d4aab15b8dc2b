import { type Command, Option } from "commander";
import { type Role, roles } from "../../api/keys.ts";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
Keys are kept hashed in the file that API_KEYS_FILE names; a running API takes a change within a second. On loopback
the API needs none.

Examples:
  export API_KEYS_FILE=keys.json
  millrace keys create nightly-export --role operate
  curl -H "Authorization: Bearer mill_..." http://cluster:3100/pools`,
  );
  command
    .command("create")
    .description("make a key and print it, this once")
    .argument("<name>", "who will use it")
    .addOption(new Option("--role <role>", "what it may do").choices(roles).default("read"))
    .option("--file <path>", "the file of keys (API_KEYS_FILE)")
    .action(async (name: string, options: { role: Role; file?: string }) =>
      (await import("./keys/create.ts")).create(context, name, options),
    );
  command
    .command("ls", { isDefault: true })
    .description("list the keys by name and role")
    .option("--file <path>", "the file of keys (API_KEYS_FILE)")
    .action(async (options: { file?: string }) => (await import("./keys/list.ts")).list(context, options));
  command
    .command("revoke")
    .description("make a key worthless")
    .argument("<name>", "the key's name")
    .option("--file <path>", "the file of keys (API_KEYS_FILE)")
    .action(async (name: string, options: { file?: string }) =>
      (await import("./keys/revoke.ts")).revoke(context, name, options),
    );
}
