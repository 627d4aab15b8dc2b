import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { z } from "zod";
import { backlogOf, Inbox } from "../../../data/observer/inbox.ts";
import { readEventValues } from "../../../data/observer/read-events.ts";
import { test } from "../../support/test.ts";

const script = fileURLToPath(new URL("appender.ts", import.meta.url));
const BATCHES = 200;
const BATCH = 10;
/** Which deletion is the last that each of the appenders does before it is killed. */
const LAST_DELETIONS = [1, 100, 256];

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
  const start = (name: string, ...deletions: string[]) =>
    spawn(process.execPath, ["--import", "tsx", script, join(dir, "lake"), join(dir, name), ...deletions], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  for (const [round, deletions] of LAST_DELETIONS.entries()) {
    await send(round);
    const { files } = await backlogOf(lake.storage);
    const appender = start(`spill-${round}`, String(deletions));
    await once(appender.stdout, "data");
    appender.kill("SIGKILL");
    await once(appender, "exit");
    expect((await backlogOf(lake.storage)).files).toBe(files - deletions);
  }
  expect(await once(start("spill-last"), "exit")).toEqual([0, null]);

  expect((await backlogOf(lake.storage)).files).toBe(0);
  const rows = await (await lake.table("observer.events").snapshot()).readSql();
  const counted = await (await lake.duckdb()).query(
    z.object({ rows: z.bigint(), ids: z.bigint() }),
    `select count(*) as rows, count(distinct id) as ids from (${rows})`,
  );
  const all = BigInt(LAST_DELETIONS.length * BATCHES * BATCH);
  expect(counted).toEqual([{ rows: all, ids: all }]);
});
