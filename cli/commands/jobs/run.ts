import { readFile } from "node:fs/promises";
import { z } from "zod";
import { enqueue } from "../../../queues/enqueue.ts";
import type { AnyJob } from "../../../workers/define-job.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure, UsageFailure } from "../../failure.ts";
import { followJob } from "../../follow-job.ts";
import { knownKind } from "./known-kind.ts";
import { renderOutcome } from "./outcome.ts";

export async function runKind(
  context: CliContext,
  kind: string,
  { input: text, detach }: { readonly input: string; readonly detach?: boolean },
): Promise<void> {
  const contract = knownKind(kind);
  const input = checkInput(contract, await readInput(text));

  await using cluster = await context.openCluster(detach ? [] : [contract.pool]);
  const ask = () => enqueue(cluster.queues, contract, input);
  if (detach) {
    const job = await ask();
    context.output.result(job, (paint) =>
      [
        job.added
          ? `${paint("green", "queued")} ${job.id}`
          : `${paint("yellow", "already asked for")} ${job.id}`,
        `${paint("dim", "next:")} millrace jobs watch ${job.id}`,
      ].join("\n"),
    );
    return;
  }
  const ended = await followJob(context, cluster.queues, ask);
  context.output.result(ended, (paint) => renderOutcome(ended, paint));
}

function checkInput(contract: AnyJob, input: unknown): unknown {
  const parsed = contract.input.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new UsageFailure(
    `The input of ${contract.kind} is wrong:\n${z.prettifyError(parsed.error)}`,
    `millrace jobs kinds ${contract.kind} lists its fields`,
  );
}

async function readInput(text: string): Promise<unknown> {
  const json = text.startsWith("@") ? await readInputFile(text.slice(1)) : text;
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageFailure(
      `--input is not JSON: ${error instanceof Error ? error.message : String(error)}`,
      `quote it for the shell: --input '{"name":"value"}'`,
    );
  }
}

async function readInputFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new CliFailure(`The file ${path} of --input cannot be read.`, { cause });
  }
}
