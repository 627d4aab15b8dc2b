import { EventEmitter, once } from "node:events";
import { expect } from "vitest";
import { z } from "zod";
import { enqueue } from "../../queues/enqueue.ts";
import { untilEnded } from "../../queues/watch.ts";
import { startPool } from "../../workers/pool.ts";
import { readyAhead } from "../../workers/ready-ahead.ts";
import { kind, kindsOf } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const None = z.strictObject({});

/** A kind that says when its code is loaded. */
function kindOf(pool: "silver-merge" | "observer") {
  const bell = new EventEmitter();
  const made = kind({ kind: `${pool}-work`, pool, input: None, run: async () => ({}) });
  const load = () => {
    bell.emit("loaded");
    return made.load();
  };
  return { kind: { ...made, load }, loaded: once(bell, "loaded") };
}

test("a worker loads its code when the pool before its own has work, and no sooner", async ({
  services,
  queues,
}) => {
  const bell = new EventEmitter();
  const [atWork, released] = [once(bell, "work"), once(bell, "release")];
  const run = async () => {
    bell.emit("work");
    await released;
    return {};
  };
  const land = kind({ kind: "land", pool: "cohort-ingest", input: None, run });
  const [merge, observe] = [kindOf("silver-merge"), kindOf("observer")];
  const log: string[] = [];
  void merge.loaded.then(() => log.push("loaded"));
  void observe.loaded.then(() => log.push("a pool that follows none"));
  using _ready = readyAhead(services, {
    pools: ["silver-merge", "observer"],
    kinds: [merge.kind, observe.kind],
    lookEveryMs: 5,
  });
  await using _pool = await startPool(services, { pools: ["cohort-ingest"], jobOf: kindsOf(land) });
  // The pool has been looked at by then.
  await queues.of["cohort-ingest"].getActiveCount();
  log.push("work");
  const { id } = await enqueue(queues, land, {});
  await atWork;
  await merge.loaded;
  bell.emit("release");
  await untilEnded(queues, id);
  expect(log).toEqual(["work", "loaded"]);
});

test("nothing is loaded once the worker stops", async ({ services, queues }) => {
  const bell = new EventEmitter();
  const released = once(bell, "release");
  const run = async () => {
    await released;
    return {};
  };
  const land = kind({ kind: "land", pool: "cohort-ingest", input: None, run });
  const [stopped, other] = [kindOf("silver-merge"), kindOf("silver-merge")];
  const watch = (kinds: Parameters<typeof readyAhead>[1]["kinds"]) =>
    readyAhead(services, { pools: ["silver-merge"], kinds, lookEveryMs: 5 });
  watch([stopped.kind])[Symbol.dispose]();
  await using _pool = await startPool(services, { pools: ["cohort-ingest"], jobOf: kindsOf(land) });
  const { id } = await enqueue(queues, land, {});
  // One that goes on looking sees the work, again and again; the stopped one has had as long.
  using _other = watch([other.kind]);
  await other.loaded;
  bell.emit("release");
  await untilEnded(queues, id);
  expect(await Promise.race([stopped.loaded, Promise.resolve("nothing")])).toBe("nothing");
});
