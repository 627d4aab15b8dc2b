import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ask, nearestParts } from "../../../data/llm/ask.ts";
import { ContextBudgetError } from "../../../data/llm/budget.ts";
import { generateContinuable, generateJson } from "../../../data/llm/continue.ts";
import { readJsonText } from "../../../data/llm/json-text.ts";
import { generateTreeSplit, split } from "../../../data/llm/tree-split.ts";
import { openFolder } from "../../../data/storage/folder.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { startModel } from "./scripted-model.ts";

const call = { tier: "T1", site: "test", prompt: "What is wrong?" } as const;

describe("a call", () => {
  test("passes think as the tier says, and never where the answer is JSON", async () => {
    const { bridge, asked } = await startModel(() => "{}");

    await bridge.generate(call);
    await bridge.generate({ ...call, json: true });

    expect(asked.map(({ think, format }) => [think, format])).toEqual([
      [true, undefined],
      [false, "json"],
    ]);
  });

  test("that does not fit is refused with the numbers before the model is asked", async () => {
    const { bridge, asked } = await startModel(() => "");

    const refused = bridge.generate({ ...call, prompt: "x".repeat(4 * 801) });

    await expect(refused).rejects.toThrow(ContextBudgetError);
    await expect(refused).rejects.toThrow(
      "The prompt has 801 tokens and its answer may have 100, 1 more than",
    );
    expect(asked).toEqual([]);
    await bridge.generate({ ...call, prompt: "x".repeat(4 * 800) });
    expect(asked).toHaveLength(1);
  });

  test("leaves numbers in the log and no content; one of the gatekeeper is marked for audits", async () => {
    const { bridge, logged } = await startModel(() => "the secret answer");

    await bridge.generate({ ...call, tier: "T5", prompt: "the secret question" });

    expect(logged).toMatchObject([
      { numbers: { tier: "T5", audit: true, promptTokens: 5, answerTokens: 5 } },
    ]);
    expect(JSON.stringify(logged)).not.toContain("secret");
  });
});

describe("an empty answer", () => {
  test("is asked for again with twice the room each time", async () => {
    const { bridge, asked } = await startModel((_, at) => (at < 2 ? " " : "here"));

    expect(await generateContinuable(bridge, call)).toBe("here");
    expect(asked.map(({ options }) => options.num_predict)).toEqual([100, 200, 400]);
  });

  test("that stays empty ends after the bound, and is not gone on with", async () => {
    const { bridge, asked } = await startModel(() => "");

    await expect(generateContinuable(bridge, call, { emptyRetries: 2, mostTokens: 150 })).rejects.toThrow(
      "with nothing 3 times, the last with room for 150 tokens",
    );
    expect(asked.map(({ options }) => options.num_predict)).toEqual([100, 150, 150]);
  });
});

describe("an answer that was cut off", () => {
  test("in JSON is gone on with from its part, also where the model repeats the end or begins anew", async () => {
    const whole = `{"cause": "the disk {is} \\"full\\"", "list": [1, 2, {"a": "]"}]}`;
    const value = JSON.parse(whole);
    const goOn = [
      (at: number) => whole.slice(at),
      (at: number) => whole.slice(Math.max(0, at - 12)),
      () => whole,
    ];
    for (const rest of goOn) {
      for (const at of [1, 15, 30, whole.length - 1]) {
        const { bridge } = await startModel((_, turn) =>
          turn === 0 ? { cut: whole.slice(0, at) } : rest(at),
        );
        expect(await generateJson(bridge, call)).toEqual(value);
      }
    }
  });

  test("is never handed out in part: past the bound it is an error", async () => {
    const { bridge, asked } = await startModel((_, at) => ({ cut: `part ${at}, and then ` }));

    await expect(generateContinuable(bridge, call, { continuations: 2 })).rejects.toThrow(
      "was cut off 3 times",
    );
    expect(asked).toHaveLength(3);
    expect(asked[2]?.prompt).toContain("part 0, and then part 1, and then");
  });

  test("that is balanced and yet no JSON is an error at once", async () => {
    const { bridge, asked } = await startModel(() => "{wrong}");

    await expect(generateJson(bridge, call)).rejects.toThrow("is not JSON");
    expect(asked).toHaveLength(1);
  });
});

test("whatever JSON is cut anywhere is told from the whole of it", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (value, cut) => {
      const text = JSON.stringify(value);
      const part = text.slice(0, cut % text.length);
      expect(readJsonText(`Here: \`\`\`json\n${text}\n\`\`\``)).toEqual({
        state: "whole",
        value: JSON.parse(text),
      });
      expect(readJsonText(part).state).toBe("cut");
    }),
    { seed: 3 },
  );
});

describe("an input that is too large", () => {
  const input = Array.from({ length: 300 }, (_, at) => `line ${at}: something happened here`).join("\n");

  test("is read in shards within the budget, and the same shards are asked for once", async () => {
    const { bridge, asked } = await startModel(({ prompt }) =>
      prompt.includes("Answer now") ? "all" : "seen",
    );
    const storage = openFolder(join(await temporaryFolder(), "cache"));
    const question = { tier: "T1", site: "test", question: "What happened?", input } as const;

    const first = await generateTreeSplit(bridge, question, storage);
    const calls = asked.length;
    const second = await generateTreeSplit(bridge, question, storage);

    expect(first).toMatchObject({ text: "all", fromCache: 0 });
    expect(calls).toBe(first.shards + 1);
    expect(second).toMatchObject({ text: "all", fromCache: first.shards });
    expect(asked).toHaveLength(calls + 1);
    const seen = asked.map(({ prompt }) => prompt).join("\n");
    for (let at = 0; at < 300; at += 1) expect(seen).toContain(`line ${at}:`);
  });

  test("keeps the newest findings when they outgrow the scratchpad, and says how many went", async () => {
    const { bridge, asked } = await startModel((_, at) => `${"finding ".repeat(20)}${at}`);

    const { dropped, shards } = await generateTreeSplit(bridge, {
      ...{ tier: "T1", site: "test", question: "What?", input },
      scratchpadTokens: 100,
    });

    expect(dropped).toBe(shards - 2);
    expect(asked.at(-1)?.prompt).not.toContain("finding 0\n");
    expect(asked.at(-1)?.prompt).toContain(`finding ${shards - 1}`);
  });

  test("of more shards than are allowed is refused before the model is asked", async () => {
    const { bridge, asked } = await startModel(() => "");

    const refused = generateTreeSplit(bridge, {
      tier: "T1",
      site: "test",
      question: "?",
      input,
      shardsMost: 2,
    });

    await expect(refused).rejects.toThrow(/and 2 are allowed/);
    expect(asked).toEqual([]);
  });

  test("is handled by the policy of its tier", async () => {
    const parts = input.split("\n");
    const question = { tier: "T1", site: "test", question: "What happened at line 250?", parts } as const;

    const reducing = await startModel(() => "ok");
    await ask(reducing.bridge, question);
    expect(reducing.asked.length).toBeGreaterThan(2);

    const choosing = await startModel(() => "ok", { overflow_policy: "chunk_lessons_via_cosine_topk" });
    await ask(choosing.bridge, question);
    expect(choosing.asked).toHaveLength(1);
    expect(choosing.asked[0]?.prompt).toContain("line 250:");

    const summing = await startModel(({ prompt }) => (prompt.includes("Sum up") ? "THE SUM" : "ok"), {
      overflow_policy: "summarize_oldest_tool_results_via_t3",
    });
    expect(await ask(summing.bridge, question)).toBe("ok");
    const last = summing.asked.at(-1)?.prompt ?? "";
    expect(last).toMatch(/Summary of the \d+ oldest results:\nTHE SUM\n\nline/);
    expect(last).toContain("line 299:");
    expect(last).not.toContain("line 0:");
    const summed = summing.asked.slice(0, -1).map(({ prompt }) => prompt);
    expect(summed.join("\n")).toContain("line 0:");
    expect(summed.every((prompt) => prompt.includes("Sum up"))).toBe(true);

    const refusing = await startModel(() => "ok", { overflow_policy: "refuse" });
    await expect(ask(refusing.bridge, question)).rejects.toThrow(ContextBudgetError);
  });
});

test("a text is split without losing a character or breaking one", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 300 }),
      fc.integer({ min: 2, max: 40 }),
      (text, chars) => {
        const parts = split(text, chars);
        expect(parts.join("")).toBe(text);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(chars);
          expect(encodeURIComponent(part)).toBeTruthy();
        }
      },
    ),
    { seed: 5 },
  );
});

test("the parts nearest to a question come in their own order", () => {
  const parts = ["welders in Toledo", "cooks in Nashville", "welders in Gary"];

  expect(nearestParts("who are the welders", parts, 10)).toEqual(["welders in Toledo", "welders in Gary"]);
});
