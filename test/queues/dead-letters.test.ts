import { describe, expect } from "vitest";
import {
  type DeadLetter,
  listDeadLetters,
  pageOfDeadLetters,
  writeDeadLetter,
} from "../../queues/dead-letters.ts";
import { openQueues } from "../../queues/queues.ts";
import { test } from "../support/test.ts";

const letter = (n: number): DeadLetter => ({
  id: `work.${n}`,
  kind: n % 2 === 0 ? "even" : "odd",
  pool: n < 3 ? "observer" : "maintenance",
  input: { n },
  error: { name: "Error", message: "no luck" },
  attempts: 1,
  attemptsAllowed: 1,
  backoffMs: 1,
  log: [],
  failedAt: new Date(n).toISOString(),
  parentId: null,
});
const idsOf = (letters: readonly DeadLetter[]) => letters.map(({ id }) => id);

describe("dead letters", () => {
  test("come in pages, oldest first, and those of other pages are not read", async ({ address, lake }) => {
    const { storage } = lake;
    let reads = 0;
    await using queues = openQueues(address, {
      store: {
        ...storage,
        // Two files of one millisecond would have no order.
        async *list(prefix) {
          for await (const object of storage.list(prefix))
            yield { ...object, modifiedAt: new Date(100 - Number(/\d+/.exec(object.key)?.[0])) };
        },
        get(key) {
          reads += 1;
          return storage.get(key);
        },
      },
    });
    for (let n = 9; n >= 0; n -= 1) await writeDeadLetter(queues, letter(n));

    const page = await pageOfDeadLetters(queues, { offset: 2, limit: 3 });

    expect(page.total).toBe(10);
    expect(idsOf(page.letters)).toEqual(["work.7", "work.6", "work.5"]);
    expect(reads).toBe(3);
    expect(idsOf(await listDeadLetters(queues))).toHaveLength(10);
  });

  test("of one kind or pool are counted and paged among themselves", async ({ queues }) => {
    for (let n = 0; n < 10; n += 1) await writeDeadLetter(queues, letter(n));

    const even = await pageOfDeadLetters(queues, { kind: "even", offset: 1, limit: 2 });
    const few = await pageOfDeadLetters(queues, { kind: "even", pool: "observer", limit: 10 });

    expect({ ...even, letters: idsOf(even.letters) }).toEqual({ total: 5, letters: ["work.2", "work.4"] });
    expect({ ...few, letters: idsOf(few.letters) }).toEqual({ total: 2, letters: ["work.0", "work.2"] });
    expect(await pageOfDeadLetters(queues, { offset: 50, limit: 5 })).toEqual({ letters: [], total: 10 });
  });
});
