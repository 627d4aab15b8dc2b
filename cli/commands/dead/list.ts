import { pageOfDeadLetters } from "../../../queues/dead-letters.ts";
import type { CliContext } from "../../context.ts";
import { age, plural } from "../../quantities.ts";

const MESSAGE_WIDTH = 70;

const columns = [
  { title: "job" },
  { title: "pool" },
  { title: "attempts", align: "right" },
  { title: "failed", align: "right" },
  { title: "error" },
] as const;

export interface ListOptions {
  readonly kind?: string;
  readonly limit: number;
}

export async function listDead(context: CliContext, options: ListOptions): Promise<void> {
  await using cluster = await context.openCluster([]);
  const { letters, total } = await pageOfDeadLetters(cluster.queues, options);
  context.output.table(
    letters,
    columns,
    (paint) =>
      letters.map(({ id, pool, attempts, failedAt, error }) => [
        id,
        pool,
        String(attempts),
        age(Date.parse(failedAt)),
        paint("red", shorten(error.message)),
      ]),
    "Nothing failed for good.",
  );
  const hidden = total - letters.length;
  if (hidden > 0) context.output.say(`${plural(hidden, "more dead letter")}; --limit shows more.`);
}

function shorten(message: string): string {
  const [line = ""] = message.split("\n");
  return line.length > MESSAGE_WIDTH ? `${line.slice(0, MESSAGE_WIDTH - 1)}…` : line;
}
