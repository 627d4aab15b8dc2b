import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { z } from "zod";
import { backlogOf, Inbox } from "../../../data/observer/inbox.ts";
import { readEventValues } from "../../../data/observer/read-events.ts";
import { test } from "../../support/test.ts";

const script = fileURLToPath(new URL("appender.ts", import.meta.url));
const BATCHES = 200;
const BATCH = 10;

test("an appender that is killed as it deletes what it took, again and again, leaves each event once", async ({
  dir,
  lake,
}) => {
  const inbox = new Inbox(lake.storage);
  const send = async (round: number) => {
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const events = Array.from({ length: BATCH }, (_, at) => ({
        ...{ id: `${round}-${batch}-${at}`, source: "test", event_kind: "fill", success: true },
      }));
      await inbox.store((await readEventValues(events)).lines);
    }
  };
  let interrupted = 0;
  for (let round = 0; round < 3; round += 1) {
    await send(round);
    const { files } = await backlogOf(lake.storage);
    const appender = spawn(process.execPath, ["--import", "tsx", script, dir], { stdio: "inherit" });
    await untilFewer(files, appender, async () => (await backlogOf(lake.storage)).files);
    if (appender.exitCode === null) {
      appender.kill("SIGKILL");
      await once(appender, "exit");
    }
    if ((await backlogOf(lake.storage)).files > 0) interrupted += 1;
  }
  const last = spawn(process.execPath, ["--import", "tsx", script, dir], { stdio: "inherit" });
  expect(await once(last, "exit")).toEqual([0, null]);

  expect(interrupted).toBeGreaterThan(0);
  expect((await backlogOf(lake.storage)).files).toBe(0);
  const rows = await (await lake.table("observer.events").snapshot()).readSql();
  const counted = await (await lake.duckdb()).query(
    z.object({ rows: z.bigint(), ids: z.bigint() }),
    `select count(*) as rows, count(distinct id) as ids from (${rows})`,
  );
  const all = BigInt(3 * BATCHES * BATCH);
  expect(counted).toEqual([{ rows: all, ids: all }]);
});

/** Resolves at the first deletion, or when the process has ended. */
async function untilFewer(
  files: number,
  appender: ChildProcess,
  count: () => Promise<number>,
): Promise<void> {
  while (appender.exitCode === null && (await count()) >= files) await setTimeout(1);
}
