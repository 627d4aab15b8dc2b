import { createHash } from "node:crypto";
import { DataError, NotFoundError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { Bridge, Call } from "./bridge.ts";
import { tokensOf } from "./budget.ts";
import { generateContinuable } from "./continue.ts";

export interface SplitCall extends Omit<Call, "prompt" | "json"> {
  /** What to find out. */
  readonly question: string;
  /** What to read, of any length. */
  readonly input: string;
  /** What was found so far may have this many tokens; the oldest goes first. */
  readonly scratchpadTokens?: number;
  readonly shardsMost?: number;
}

export interface SplitAnswer {
  readonly text: string;
  readonly shards: number;
  readonly fromCache: number;
  /** Findings that no longer fitted beside the newer ones. */
  readonly dropped: number;
}

const SCRATCHPAD_TOKENS = 6_000;
const SHARDS_MOST = 64;

/** Reads what does not fit at once in shards, keeping what was found so far beside each, and then answers from that. */
export async function generateTreeSplit(
  bridge: Bridge,
  call: SplitCall,
  cache?: Storage,
): Promise<SplitAnswer> {
  const { question, input, shardsMost = SHARDS_MOST, scratchpadTokens = SCRATCHPAD_TOKENS, ...rest } = call;
  const tier = await bridge.matrix.tier(call.tier);
  const room = tier.context_budget - tokensOf(question) - tokensOf(call.system ?? "") - FRAME_TOKENS;
  const scratchpad = Math.min(scratchpadTokens, Math.floor(room / 2));
  const shards = split(input, (room - scratchpad) * 4);
  if (room < 2 || shards.length > shardsMost)
    throw new DataError(
      `The input has ${tokensOf(input)} tokens, which are ${shards.length} shards of tier ${call.tier}, and ${shardsMost} are allowed`,
    );
  let found: string[] = [];
  let [fromCache, dropped] = [0, 0];
  for (const [at, shard] of shards.entries()) {
    call.signal?.throwIfAborted();
    const prompt = `${question}\n\nFound so far:\n${found.join("\n")}\n\nPart ${at + 1} of ${shards.length}:\n${shard}\n\nSay briefly what this part adds.`;
    const digest = await cached(cache, `${tier.primary_model}\n${prompt}`, () =>
      generateContinuable(bridge, { ...rest, prompt }),
    );
    if (digest.known) fromCache += 1;
    found.push(digest.text);
    const before = found.length;
    while (found.length > 1 && tokensOf(found.join("\n")) > scratchpad) found = found.slice(1);
    dropped += before - found.length;
    if (tokensOf(found.join("\n")) > scratchpad) found = [(found[0] ?? "").slice(0, scratchpad * 4)];
  }
  const prompt = `${question}\n\nFound in all parts:\n${found.join("\n")}\n\nAnswer now.`;
  const text = await generateContinuable(bridge, { ...rest, prompt });
  return { text, shards: shards.length, fromCache, dropped };
}

/** The words around question, findings and part. */
const FRAME_TOKENS = 40;

/** Parts of at most `chars` characters, cut at line ends where there are any, and never within a character. */
export function split(input: string, chars: number): string[] {
  const parts: string[] = [];
  for (let from = 0; from < input.length; ) {
    let to = Math.min(input.length, from + Math.max(2, chars));
    if (to < input.length) {
      const line = input.lastIndexOf("\n", to - 1);
      if (line > from) to = line + 1;
      else if (isHighSurrogate(input.charCodeAt(to - 1))) to -= 1;
    }
    parts.push(input.slice(from, to));
    from = to;
  }
  return parts;
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** What a model said of a part, kept by what it was asked: the same question of the same part is asked once. */
async function cached(
  cache: Storage | undefined,
  asked: string,
  make: () => Promise<string>,
): Promise<{ text: string; known: boolean }> {
  const key = `_chunk_cache/${createHash("sha256").update(asked).digest("hex")}.txt`;
  try {
    if (cache) return { text: (await cache.get(key)).toString("utf8"), known: true };
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
  }
  const text = await make();
  await cache?.put(key, text);
  return { text, known: false };
}
