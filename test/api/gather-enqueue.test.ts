import { expect } from "vitest";
import { z } from "zod";
import { gatherEnqueue } from "../../api/gather-enqueue.ts";
import { kind } from "../support/kinds.ts";
import { test } from "../support/test.ts";

const errand = kind({
  kind: "errand",
  input: z.strictObject({ part: z.int() }),
  key: ({ part }) => String(part),
  run: async () => ({}),
});

test("callers of many groups are each answered with their own job", async ({ queues }) => {
  const parts = Array.from({ length: 100 }, (_, part) => part);

  const jobs = await Promise.all(parts.map((part) => gatherEnqueue(queues, errand, { part })));

  const stored = await Promise.all(jobs.map(({ id }) => queues.of.observer.getJob(id)));
  expect(stored.map((job) => job?.data.input.part)).toEqual(parts);
  expect(await queues.of.observer.getWaitingCount()).toBe(100);
});
