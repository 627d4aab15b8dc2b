import type { Command } from "commander";
import type { CliContext } from "../context.ts";

export function define(command: Command, context: CliContext): void {
  command.addHelpText(
    "after",
    `
A bundle that cannot be read is put aside and the others go on. Mend it at its source and land it again; or, when the
reason was a limit, retry it.

Examples:
  millrace quarantine ls
  millrace quarantine show ref:3699da5597
  millrace quarantine retry --all`,
  );
  command
    .command("ls", { isDefault: true })
    .description("the bundles that could not be read, and why (what millrace quarantine alone does)")
    .action(async () => (await import("./clinical/quarantine.ts")).list(context));
  command
    .command("show")
    .description("one of them: its name, size and first characters")
    .argument("<ref>", "as `quarantine ls` prints it")
    .action(async (ref: string) => (await import("./clinical/quarantine.ts")).show(context, ref));
  command
    .command("retry")
    .description("let the next refresh read them again")
    .argument("[ref...]", "which")
    .option("--all", "all of them")
    .action(async (refs: string[], options: { all?: boolean }) =>
      (await import("./clinical/quarantine.ts")).retry(context, refs, options.all ?? false),
    );
}
