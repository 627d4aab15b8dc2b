import type { Storage } from "../storage/storage.ts";
import { embedText } from "../vectors/embedders/hashed-grams.ts";
import type { Bridge, Call } from "./bridge.ts";
import { ContextBudgetError, tokensOf } from "./budget.ts";
import { generateContinuable } from "./continue.ts";
import { generateTreeSplit } from "./tree-split.ts";

export interface Question extends Omit<Call, "prompt" | "json"> {
  readonly question: string;
  /** What the answer may be drawn from, the most important first. */
  readonly parts: readonly string[];
}

/** Asks with all the parts or, where they are too much for the tier, by its overflow policy. */
export async function ask(
  bridge: Bridge,
  { question, parts, ...call }: Question,
  cache?: Storage,
): Promise<string> {
  const promptOf = (chosen: readonly string[]) => `${question}\n\n${chosen.join("\n\n")}`;
  try {
    return await generateContinuable(bridge, { ...call, prompt: promptOf(parts) });
  } catch (error) {
    if (!(error instanceof ContextBudgetError)) throw error;
    const { tier } = error;
    if (tier.overflow_policy === "refuse") throw error;
    if (tier.overflow_policy === "two_pass_map_reduce") {
      const { text } = await generateTreeSplit(
        bridge,
        { ...call, question, input: parts.join("\n\n") },
        cache,
      );
      return text;
    }
    const room = tier.context_budget - tokensOf(question) - tokensOf(call.system ?? "") - 1;
    const nearest = nearestParts(question, parts, room);
    if (nearest.length === 0) throw error;
    return generateContinuable(bridge, { ...call, prompt: promptOf(nearest) });
  }
}

/** The parts that are likest to the question, as many as fit, in the order they came. */
export function nearestParts(question: string, parts: readonly string[], room: number): string[] {
  const target = embedText(question);
  const ranked = parts
    .map((part, at) => ({ part, at, likeness: cosine(target, embedText(part)) }))
    .sort((a, b) => b.likeness - a.likeness || a.at - b.at);
  const chosen: typeof ranked = [];
  let spent = 0;
  for (const each of ranked) {
    const cost = tokensOf(`${each.part}\n\n`);
    if (spent + cost > room) continue;
    spent += cost;
    chosen.push(each);
  }
  return chosen.sort((a, b) => a.at - b.at).map(({ part }) => part);
}

function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (!a || !b) return 0;
  return a.reduce((sum, x, at) => sum + x * (b[at] ?? 0), 0);
}
