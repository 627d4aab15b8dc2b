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
      next: "build again; if it stays, the data break a rule that the message of the check names",
    });
  }
}

function lineOf({ id, says, violations, reason }: CheckResult, paint: Paint): string {
  if (violations === null) return `${id.padEnd(4)} ${paint("dim", `–  ${says} (${reason})`)}`;
  const verdict = violations === 0 ? paint("green", "ok") : paint("red", `${violations} violations`);
  return `${id.padEnd(4)} ${verdict} ${says}`;
}
