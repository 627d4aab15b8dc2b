import { reconcile } from "../../../workers/maintenance/reconcile/job.ts";
import type { CliContext } from "../../context.ts";
import { runJob } from "../../follow-job.ts";

export async function runReconcile(context: CliContext): Promise<void> {
  const found = await runJob(context, reconcile, {});
  context.output.result(found, (paint) =>
    Object.entries(found)
      .map(([name, value]) => {
        const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
        return `${paint("dim", words.padEnd(20))} ${value}`;
      })
      .join("\n"),
  );
}
