import type { Lake } from "../../../data/lake.ts";
import { checks } from "../../../data/sequences/check.ts";
import { isOlderThanBuild } from "../../../data/sequences/exports/age.ts";
import type { CheckResult } from "../../../data/sequences/run-checks.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";
import type { Paint } from "../../paint.ts";

export async function checkSequences(
  context: CliContext,
  options: { readonly source?: string; readonly out?: string },
): Promise<void> {
  await using lake = await context.openLake();
  const { runChecks } = await import("../../../data/sequences/run-checks.ts");
  const { paint } = context.output;
  const results = await runChecks(lake, {
    ...options,
    onCheck: (result) => context.output.line(lineOf(result, paint)),
  });
  const violated = results.filter(({ violations }) => violations !== null && violations > 0);
  const looked = results.filter(({ violations }) => violations !== null).length;
  const document = { checks: results, passed: looked - violated.length, failed: violated.length };
  context.output.result(document, () => `${looked} checks made, ${violated.length} violated`);
  if (violated.length > 0) {
    throw new CliFailure(`Violated: ${violated.map(({ id }) => id).join(", ")}`, {
      next: await nextStep(lake, violated, options.out),
    });
  }
}

const exportChecks = new Set(checks.flatMap(({ id, needs }) => (needs ? [id] : [])));

/** A build leaves what was exported before it as it is, so there an export is what mends. */
async function nextStep(
  lake: Lake,
  violated: readonly CheckResult[],
  out: string | undefined,
): Promise<string> {
  const isOfExport = violated.every(({ id }) => exportChecks.has(id));
  if (out === undefined || !isOfExport)
    return "build again; if it stays, the data break a rule that the message of the check names";
  const exportAgain = `millrace sequences export --out ${out}`;
  const isOlder = await isOlderThanBuild(lake, out);
  return isOlder ? `the export is older than the last build: ${exportAgain}` : `export again: ${exportAgain}`;
}

function lineOf({ id, says, violations, reason }: CheckResult, paint: Paint): string {
  if (violations === null) return `${id.padEnd(4)} ${paint("dim", `–  ${says} (${reason})`)}`;
  const verdict = violations === 0 ? paint("green", "ok") : paint("red", `${violations} violations`);
  return `${id.padEnd(4)} ${verdict} ${says}`;
}
