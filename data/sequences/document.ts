import { z } from "zod";
import { checks } from "./check.ts";
import { models } from "./model.ts";
import { checksInCode } from "./run-checks.ts";
import { Settings } from "./settings.ts";

interface Described {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
}

/** The parts of docs/sequences.md that follow from the code, each between its two marks there. */
export const documentParts: Readonly<Record<string, () => string>> = {
  lineage: lineageGraph,
  models: () =>
    ["| table | holds | made from | in parts |", "|---|---|---|---|"]
      .concat(
        models.map(
          ({ name, description, from, bySubject }) =>
            `| \`${name}\` | ${description} | ${from.map((input) => `\`${input}\``).join(", ")} | ${bySubject ? "by subject" : "as a whole"} |`,
        ),
      )
      .join("\n"),
  settings: () =>
    ["| setting | default | others | meaning |", "|---|---|---|---|"]
      .concat(
        Object.entries(settings()).map(([name, { description = "", default: usual, enum: choices = [] }]) => {
          const others = choices.filter((choice) => choice !== usual).map((choice) => `\`${choice}\``);
          return `| \`${name}\` | ${usual === null || usual === undefined ? "none" : `\`${usual}\``} | ${others.join(", ")} | ${description} |`;
        }),
      )
      .join("\n"),
  checks: () =>
    [...checks, ...checksInCode]
      .sort((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)))
      .map(({ id, says }) => `- ${id}: ${says}`)
      .join("\n"),
};

/** The page with its generated parts as the code has them now. */
export function refreshed(page: string): string {
  return Object.entries(documentParts).reduce(
    (text, [name, part]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`),
        (_, begin: string, end: string) => `${begin}\n${part()}\n\n${end}`,
      ),
    page,
  );
}

function settings(): Record<string, Described> {
  const printed = z.toJSONSchema(z.object(Settings.shape), { io: "input" });
  return (printed as unknown as { properties: Record<string, Described> }).properties;
}

/** Which table is made from which, as the heads of the models say. */
function lineageGraph(): string {
  const edges = models.flatMap(({ name, from }) => from.map((input) => `  ${input} --> ${name}`));
  return ["```mermaid", "graph LR", ...edges, "```"].join("\n");
}
