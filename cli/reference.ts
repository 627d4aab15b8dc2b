import type { Command } from "commander";
import { commands } from "./commands.ts";
import type { CliContext } from "./context.ts";
import { buildProgram, fill } from "./program.ts";

/** Every command's help as one Markdown text, for docs/cli.md. */
export async function renderReference(context: CliContext): Promise<string> {
  const program = buildProgram(context, { version: "" });
  const sections: string[] = [];
  for (const entry of commands) {
    const command = program.commands.find((candidate) => candidate.name() === entry.name);
    if (!command) continue;
    await fill(command, entry, context);
    sections.push(`### ${entry.name}`, fenced(command));
    for (const verb of command.commands) sections.push(fenced(verb));
  }
  return `${sections.join("\n\n")}\n`;
}

function fenced(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
