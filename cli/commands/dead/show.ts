import type { KindHistory } from "../../../data/observer/kind-history.ts";
import { unknownCause } from "../../../data/observer/unknown-cause.ts";
import { type DeadLetter, showDeadLetter } from "../../../queues/dead-letters.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";
import { age } from "../../quantities.ts";
import { renderError } from "../observer/errors.ts";

export async function showDead(context: CliContext, id: string): Promise<void> {
  await using cluster = await context.openCluster([]);
  const letter = await showDeadLetter(cluster.queues, id);
  const found = await earlierOf(context, letter);
  const earlier = found && explain(letter, found);
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

/** Bare and BullMQ's own errors end jobs early, too, when a job has killed too many processes. */
const strangers = new Set(["Error", "UnrecoverableError"]);

/** An error that another run would only repeat says itself what is to be done. */
function saysWhatToDo({ error, attempts, attemptsAllowed }: DeadLetter): boolean {
  return error.name === "DataError" || (attempts < attemptsAllowed && !strangers.has(error.name));
}

function explain(letter: DeadLetter, earlier: Earlier): Earlier {
  if (earlier.cause !== unknownCause.cause) return earlier;
  if (saysWhatToDo(letter)) return { ...earlier, cause: "as the error says", action: "what the error says" };
  return { ...earlier, action: `read its log: millrace jobs show ${letter.id}` };
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
    ["error", paint("red", error.message)],
    ["named", error.code === undefined ? error.name : `${error.name}, ${error.code}`],
  ];
  const lines = facts
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${paint("dim", name.padEnd(10))} ${value}`);
  if (log.length > 0) lines.push("", paint("dim", "log"), ...log.map((line) => `  ${line}`));
  if (earlier) lines.push("", paint("dim", "such failures before"), ...renderError(earlier, paint));
  const hint = saysWhatToDo(letter)
    ? "the data or the request is wrong, and another run will fail alike until it is mended; then"
    : "when the trouble has passed";
  lines.push("", `${paint("dim", "next:")} ${hint}: millrace dead replay ${id}`);
  return lines.join("\n");
}
