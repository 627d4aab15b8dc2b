import { describe, expect, test } from "vitest";
import { DataError } from "../../data/errors.ts";
import { runInThread } from "../../workers/thread.ts";
import type { Order } from "./fixtures/threads.ts";

const module = new URL("./fixtures/threads.ts", import.meta.url);
const never = new AbortController().signal;

function inThread(order: Order, options: Partial<Parameters<typeof runInThread>[2]> = {}): Promise<number> {
  return runInThread<Order, number>(module, order, { signal: never, ...options });
}

describe("work in a thread", () => {
  test("answers, and reports progress on the way", async () => {
    const stages: string[] = [];

    const sum = await inThread({ do: "add", a: 2, b: 3 }, { onProgress: ({ stage }) => stages.push(stage) });

    expect(sum).toBe(5);
    expect(stages).toEqual(["add"]);
  });

  test("ends in the middle of an endless loop when its signal aborts, with the signal's reason", async () => {
    const abort = new AbortController();

    const spinning = inThread(
      { do: "spin" },
      { signal: abort.signal, onProgress: () => abort.abort(new Error("stop")) },
    );

    await expect(spinning).rejects.toThrow("stop");
  });

  test("fails with an error of the same kind, so that bad data is not tried again", async () => {
    const failing = inThread({ do: "fail" });

    await expect(failing).rejects.toThrow(DataError);
    await expect(failing).rejects.toThrow("line 3 is no number");
  });

  test("fails alone when it outgrows its memory", async () => {
    await expect(inThread({ do: "grow" }, { memoryMb: 32 })).rejects.toThrow(/memory/i);
  });

  test("does not start for a signal that has aborted already", async () => {
    await expect(inThread({ do: "spin" }, { signal: AbortSignal.abort(new Error("late")) })).rejects.toThrow(
      "late",
    );
  });
});
