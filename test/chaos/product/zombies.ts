import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { CrashPoint } from "../../../data/crash-point.ts";
import { inboxOf } from "../../../data/observer/inbox.ts";
import { eventsTable } from "../../../data/observer/tables.ts";
import { enqueue } from "../../../queues/enqueue.ts";
import { untilEnded } from "../../../queues/watch.ts";
import { observerAppend } from "../../../workers/observer/observer-append/job.ts";
import type { Check } from "../chaos-test.ts";
import { Crew, type Hand } from "../crew.ts";
import { productCluster, runProduct } from "./run.ts";
import { eventLines } from "./sources.ts";
import { crewOrder, type Trouble } from "./trouble.ts";

const places: readonly CrashPoint[] = [
  "snapshot-read",
  "files-written",
  "files-published",
  "commit-unlinked",
  "before-ack",
];

/** One worker after the other stops in the middle of a write; when its neighbour has had the time to do the work, it goes on. */
export const zombies: Trouble = {
  number: 23,
  of: 3,
  title: "its workers are stopped past their locks in the middle of a write and go on",
  async befall(sources) {
    await using cluster = await productCluster();
    let next = 0;
    let stops = 0;
    await using crew = new Crew(2, (slot) => {
      const point = slot === 0 ? places[next++ % places.length] : undefined;
      return cluster.hand({
        ...crewOrder,
        ...(point && { crashAt: { point, signal: "SIGSTOP" as const } }),
      });
    });
    await crew.ready();
    const act = async () => {
      const stopped = await firstStopped(crew.serving);
      if (!stopped) return;
      stops += 1;
      await pause(4_000);
      stopped.signal("SIGCONT");
      await pause(1_000);
      stopped.signal("SIGTERM");
    };
    const run = await runProduct(cluster, sources, { everyMs: 200, act });
    return { run, came: { says: `${stops} stops of two locks`, holds: stops > 2 } };
  },
  async control(): Promise<Check> {
    await using cluster = await productCluster();
    const events = await eventsTable(cluster.lake);
    await inboxOf(cluster.lake.storage).store(eventLines());
    const crashAt = { point: "commit-unlinked", signal: "SIGSTOP" } as const;
    await using zombie = await cluster.worker({ forgetful: true, crashAt });
    const { id } = await enqueue(cluster.queues, observerAppend, {});
    while (!(await firstStopped([zombie]))) await pause(50);
    await using _other = await cluster.worker({ forgetful: true });
    await untilEnded(cluster.queues, id);
    zombie.signal("SIGCONT");
    await pause(2_000);
    const rows = (await events.snapshot()).rowCount();
    const sent = eventLines().length;
    return {
      says: `Without the key of its write, of ${sent} events ${rows} are in the table`,
      holds: rows === 2 * sent,
    };
  },
};

async function firstStopped(hands: readonly Hand[]): Promise<Hand | undefined> {
  for (const hand of hands) {
    const state = await readFile(`/proc/${hand.process.pid}/stat`, "utf8").catch(() => "");
    if (/\) T /.test(state)) return hand;
  }
  return undefined;
}
