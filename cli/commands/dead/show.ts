import type { KindHistory } from "../../../data/observer/kind-history.ts";
import { type DeadLetter, showDeadLetter } from "../../../queues/dead-letters.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { age } from "../../quantities.ts";
import { renderError } from "../observer/errors.ts";

export async function showDead(context: CliContext, id: string): Promise<void> {
  await using cluster = await context.openCluster([]);
  const letter = await showDeadLetter(cluster.queues, id);
  const earlier = await earlierOf(context, letter);
  context.output.result({ ...letter, ...(earlier && { earlier }) }, (paint) =>
    render(letter, earlier, paint),
  );
}

type Earlier = KindHistory["errors"][number];

/** What the observer knows of such failures. A letter is shown without it where the lake cannot be asked. */
async function earlierOf(context: CliContext, { kind, error }: DeadLetter): Promise<Earlier | undefined> {
  try {
    await using lake = await context.openLake();
    if (!(await lake.table("observer.errors").exists())) return undefined;
    const { earlierFailures } = await import("../../../data/observer/kind-history.ts");
    return await earlierFailures(lake, kind, error.message);
  } catch {
    return undefined;
  }
}

function render(letter: DeadLetter, earlier: Earlier | undefined, paint: Paint): string {
  const { id, kind, pool, input, error, attempts, attemptsAllowed, log, failedAt, parentId } = letter;
  const facts: [string, string][] = [
    ["job", paint("bold", id)],
    ["kind", kind],
    ["pool", pool],
    ["failed", `${failedAt}  ${paint("dim", age(Date.parse(failedAt)))}`],
    ["attempts", `${attempts} of ${attemptsAllowed}`],
    ["part of", parentId ?? ""],
    ["input", JSON.stringify(input)],
    ["error", `${paint("red", error.message)} ${paint("dim", error.code ?? error.name)}`],
  ];
  const lines = facts
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${paint("dim", name.padEnd(10))} ${value}`);
  if (log.length > 0) lines.push("", paint("dim", "log"), ...log.map((line) => `  ${line}`));
  if (earlier) lines.push("", paint("dim", "such failures before"), ...renderError(earlier, paint));
  const hint =
    error.name === "DataError"
      ? "the data or the request is wrong, and another run will fail alike until it is mended; then"
      : "when the trouble has passed";
  lines.push("", `${paint("dim", "next:")} ${hint}: millrace dead replay ${id}`);
  return lines.join("\n");
}
