import type { Bridge, Call } from "./bridge.ts";
import { readJsonText } from "./json-text.ts";

export interface Patience {
  /** How often an empty answer is asked for again, each time with twice the room, up to `mostTokens`. */
  readonly emptyRetries: number;
  readonly mostTokens: number;
  /** How often an answer that was cut off is gone on with. */
  readonly continuations: number;
}

const patience: Patience = { emptyRetries: 3, mostTokens: 4_096, continuations: 3 };

/** A model did not give what was asked for, within the bounds. */
export class ModelAnswerError extends Error {
  override readonly name = "ModelAnswerError";
}

/** The whole answer to a call, in one piece or several; never a part of it. */
export async function generateContinuable(
  bridge: Bridge,
  call: Call,
  bounds: Partial<Patience> = {},
): Promise<string> {
  const limits = { ...patience, ...bounds };
  let { text, finished } = await firstAnswer(bridge, call, limits);
  for (let continued = 0; !isWhole(call, text, finished); continued += 1) {
    if (continued === limits.continuations)
      throw new ModelAnswerError(
        `The answer to ${call.site} was cut off ${continued + 1} times and is not whole after ${text.length} characters`,
      );
    const more = await bridge.generate({ ...call, prompt: continuing(call.prompt, text) });
    if (more.text.trim() === "")
      throw new ModelAnswerError(`The answer to ${call.site} was cut off, and nothing came to go on with`);
    text = goneOn(call, text, more.text);
    finished = more.finished;
  }
  return text;
}

/** The value of an answer in JSON. */
export async function generateJson(
  bridge: Bridge,
  call: Omit<Call, "json">,
  bounds: Partial<Patience> = {},
): Promise<unknown> {
  const read = readJsonText(await generateContinuable(bridge, { ...call, json: true }, bounds));
  if (read.state === "whole") return read.value;
  throw new ModelAnswerError(`The answer to ${call.site} is not JSON`);
}

async function firstAnswer(bridge: Bridge, call: Call, { emptyRetries, mostTokens }: Patience) {
  let outputTokens = call.outputTokens ?? (await bridge.matrix.tier(call.tier)).output_tokens;
  for (let retry = 0; ; retry += 1) {
    const answer = await bridge.generate({ ...call, outputTokens });
    if (answer.text.trim() !== "") return answer;
    if (retry === emptyRetries)
      throw new ModelAnswerError(
        `The model answered ${call.site} with nothing ${retry + 1} times, the last with room for ${outputTokens} tokens`,
      );
    outputTokens = Math.max(outputTokens, Math.min(outputTokens * 2, mostTokens));
  }
}

function isWhole(call: Call, text: string, finished: boolean): boolean {
  if (!call.json) return finished;
  return readJsonText(text).state !== "cut";
}

function continuing(prompt: string, partial: string): string {
  return `${prompt}\n\nYour answer was cut off. It begins like this:\n${partial}\n\nGo on exactly where it stops. Do not repeat any of it.`;
}

/** Some models begin anew instead of going on; a part in the middle may look whole, too, so the sum is tried first. */
function goneOn(call: Call, first: string, second: string): string {
  const sum = joined(first, second);
  if (!call.json || readJsonText(sum).state === "whole") return sum;
  const anew = /^\s*(```\w*\s*)?[[{]/.test(second) && readJsonText(second).state === "whole";
  return anew ? second : sum;
}

const OVERLAP_MOST = 200;

/** Without the end of the first part where the second repeats it. */
function joined(first: string, second: string): string {
  for (let length = Math.min(OVERLAP_MOST, first.length, second.length); length > 8; length -= 1) {
    if (first.endsWith(second.slice(0, length))) return first + second.slice(length);
  }
  return first + second;
}
