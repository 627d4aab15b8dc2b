import type { Storage } from "../storage/storage.ts";
import { embedText } from "../vectors/embedders/hashed-grams.ts";
import type { Bridge, Call } from "./bridge.ts";
import { ContextBudgetError, tokensOf } from "./budget.ts";
import { generateContinuable } from "./continue.ts";
import { generateTreeSplit } from "./tree-split.ts";

export interface Question extends Omit<Call, "prompt" | "json"> {
  readonly question: string;
  /** What the answer may be drawn from, in the order it came: lessons, or what tools answered. */
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
    if (tier.overflow_policy === "summarize_oldest_tool_results_via_t3") {
      const shortened = await summariseOldest(bridge, { question, parts, ...call }, room, cache);
      return generateContinuable(bridge, { ...call, prompt: promptOf(shortened) });
    }
    const nearest = nearestParts(question, parts, room);
    if (nearest.length === 0) throw error;
    return generateContinuable(bridge, { ...call, prompt: promptOf(nearest) });
  }
}

const SUMMARY_SHARE = 0.25;

/** The newest parts as they are, as many as fit, after a summary of all that came before them. */
async function summariseOldest(
  bridge: Bridge,
  { question, parts, site, signal }: Question,
  room: number,
  cache: Storage | undefined,
): Promise<string[]> {
  const { output_tokens } = await bridge.matrix.tier("T3");
  const outputTokens = Math.max(1, Math.min(output_tokens, Math.floor(room * SUMMARY_SHARE)));
  let left = room - outputTokens - HEADING_TOKENS;
  let first = parts.length;
  while (first > 0) {
    left -= tokensOf(`${parts[first - 1]}\n\n`);
    if (left < 0) break;
    first -= 1;
  }
  const asked = `Sum up what matters for this question, in at most ${outputTokens * 3} characters: ${question}`;
  const summary = await generateTreeSplit(
    bridge,
    {
      ...{ tier: "T3", site, question: asked, input: parts.slice(0, first).join("\n\n"), outputTokens },
      ...(signal && { signal }),
    },
    cache,
  );
  return [`Summary of the ${first} oldest results:\n${summary.text}`, ...parts.slice(first)];
}

/** The words before a summary. */
const HEADING_TOKENS = 20;

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
