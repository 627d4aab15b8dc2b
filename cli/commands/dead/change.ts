import { purgeDeadLetter } from "../../../queues/dead-letters.ts";
import type { Queues } from "../../../queues/queues.ts";
import { replayDeadLetter } from "../../../queues/retry.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";
import { plural } from "../../quantities.ts";
import { type Choice, chosenIds } from "./choice.ts";

interface Change {
  readonly id: string;
  /** The job that does the work again. */
  readonly jobId?: string;
  readonly error?: string;
}

export async function changeDead(
  context: CliContext,
  verb: "replay" | "purge",
  choice: Choice,
): Promise<void> {
  await using cluster = await context.openCluster([]);
  const changes: Change[] = [];
  for (const id of await chosenIds(cluster.queues, choice)) {
    changes.push(await changeOne(cluster.queues, verb, id));
  }
  const failed = changes.filter(({ error }) => error !== undefined);
  context.output.result(changes, (paint) => {
    const done = plural(changes.length - failed.length, "dead letter");
    const lines = failed.map(({ id, error }) => `${id}  ${paint("red", error ?? "")}`);
    const said = verb === "replay" ? `${done} queued again` : `${done} purged`;
    const next = changes[0]?.jobId
      ? `\n${paint("dim", "next:")} millrace jobs watch ${changes[0].jobId}`
      : "";
    return [...lines, `${said}.${next}`].join("\n");
  });
  if (failed.length > 0) throw new CliFailure(`${failed.length} of ${changes.length} could not be changed.`);
}

async function changeOne(queues: Queues, verb: "replay" | "purge", id: string): Promise<Change> {
  try {
    if (verb === "replay") return { id, jobId: (await replayDeadLetter(queues, id)).id };
    await purgeDeadLetter(queues, id);
    return { id };
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) };
  }
}
