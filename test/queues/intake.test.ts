import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { Storage } from "../../data/storage/storage.ts";
import { INTAKE_PREFIX, Intake } from "../../queues/intake.ts";
import { writeLine } from "../../queues/intake-line.ts";
import { compact, type IntakeLog, readIntake } from "../../queues/intake-log.ts";
import type { RecordStore } from "../../queues/record-store.ts";
import { test } from "../support/test.ts";
import { recordOf } from "./intake-record.ts";

const script = fileURLToPath(new URL("recorder.ts", import.meta.url));

/** So many segments are made fewer at the next look. */
async function addSegments(storage: Storage): Promise<void> {
  for (let n = 10; n < 30; n += 1) await storage.put(`${INTAKE_PREFIX}000000000000${n}-x.ndjson`, "");
}

const shrink = (store: RecordStore, log: IntakeLog) => compact(store, log, [...log.pending.values()]);
const pendingIn = async (store: RecordStore) => [...(await readIntake(store)).pending.keys()].sort();

/** A store of which the intake knows no way to let files grow, as one on S3. */
function wholeOnly({ logs: _, ...store }: Storage): RecordStore {
  return store;
}

describe("a growing segment", () => {
  test("has the records of many calls; where files cannot grow each write is a segment", async ({ lake }) => {
    const [growing, whole] = [new Intake(lake.storage), new Intake(wholeOnly(lake.storage))];

    for (const id of ["a", "b", "c"]) await growing.record([recordOf(id)]);
    expect((await readIntake(lake.storage)).segments.size).toBe(1);
    for (const id of ["d", "e", "f"]) await whole.record([recordOf(id)]);

    expect((await readIntake(lake.storage)).segments.size).toBe(4);
    expect(await pendingIn(lake.storage)).toEqual(["a", "b", "c", "d", "e", "f"]);
    await growing.close();
  });

  test("loses nothing to one who makes the record smaller: neither what came after he read nor what comes after he is done", async ({
    lake,
  }) => {
    const intake = new Intake(lake.storage);
    await addSegments(lake.storage);
    await intake.record([recordOf("before")]);
    const log = await readIntake(lake.storage);
    await intake.record([recordOf("between")]);

    expect(await shrink(lake.storage, log)).toBe(true);
    await intake.record([recordOf("after")]);

    expect(await pendingIn(lake.storage)).toEqual(["after", "before", "between"]);
    expect((await readIntake(lake.storage)).segments.size).toBeLessThan(4);
    await intake.close();
  });

  test("would lose what came between without the seal, and what comes after without the writer's look", async ({
    lake,
  }) => {
    const trusting = new Intake({ ...lake.storage, logs: trustingLogs(lake.storage) });
    await addSegments(lake.storage);
    await trusting.record([recordOf("before")]);
    const log = await readIntake(lake.storage);
    await trusting.record([recordOf("between")]);

    expect(await shrink(wholeOnly(lake.storage), log)).toBe(true);
    await trusting.record([recordOf("after")]);

    expect(await pendingIn(lake.storage)).toEqual(["before"]);
    await trusting.close();
  });

  test("that two make smaller at once is given up by one of them, with all it had", async ({ lake }) => {
    const intake = new Intake(lake.storage);
    await addSegments(lake.storage);
    await intake.record([recordOf("a")]);
    const [one, two] = await Promise.all([readIntake(lake.storage), readIntake(lake.storage)]);
    await intake.record([recordOf("b")]);

    await Promise.all([shrink(lake.storage, one), shrink(lake.storage, two)]);

    expect(await pendingIn(lake.storage)).toEqual(["a", "b"]);
    await intake.close();
  });

  test("whose writer died within a line has all lines before it", async ({ lake }) => {
    const lines = ["a", "b"].map((id) => writeLine({ accepted: recordOf(id) }));
    await lake.storage.put(`${INTAKE_PREFIX}1-x.growing.ndjson`, `${lines.join("\n")}\n{"accepted":{"id":"c`);

    expect(await pendingIn(lake.storage)).toEqual(["a", "b"]);
  });

  test("of a process that is killed has everything it accepted, though it was made smaller all the time", async ({
    dir,
    lake,
  }) => {
    const accepted = new Set<string>();
    let shrunk = 0;
    for (const name of ["first", "second", "third"]) {
      const recorder = spawn(process.execPath, ["--import", "tsx", script, join(dir, "lake"), name], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      recorder.stdout.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const before = shrunk;
      while (said.length < 4_000 || shrunk < before + 3) {
        await addSegments(lake.storage);
        if (await shrink(lake.storage, await readIntake(lake.storage))) shrunk += 1;
        expect(recorder.exitCode).toBeNull();
      }
      recorder.kill("SIGKILL");
      await once(recorder, "close");
      for (const id of said.slice(0, said.lastIndexOf("\n")).split("\n")) accepted.add(id);
    }
    await shrink(lake.storage, await readIntake(lake.storage));

    const pending = new Set(await pendingIn(lake.storage));
    expect(accepted.size).toBeGreaterThan(300);
    expect([...accepted].filter((id) => !pending.has(id))).toEqual([]);
  });
});

/** Logs whose writer believes that whatever he has written counts. */
function trustingLogs({ logs }: Storage): NonNullable<Storage["logs"]> {
  if (!logs) throw new Error("Files of this storage do not grow");
  return {
    ...logs,
    async create(key) {
      const log = await logs.create(key);
      return { append: (text) => log.append(text).then(() => true), close: () => log.close() };
    },
  };
}
