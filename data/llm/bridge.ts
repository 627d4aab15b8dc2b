import { Ollama } from "ollama";
import type { Logger } from "pino";
import { assertContextBudget, tokensOf } from "./budget.ts";
import type { ModelMatrix, TierName } from "./model-matrix.ts";

export interface Call {
  readonly tier: TierName;
  /** Names the place in the program that asks, for the log. */
  readonly site: string;
  readonly prompt: string;
  readonly system?: string;
  /** The answer is to be JSON, and nothing may be thought aloud before it. */
  readonly json?: boolean;
  /** Tokens the answer may have; unset: the tier's own. */
  readonly outputTokens?: number;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly text: string;
  /** False when the model was cut off by the limit of the answer. */
  readonly finished: boolean;
  readonly model: string;
}

/** The one way to a model. */
export interface Bridge {
  readonly matrix: ModelMatrix;
  generate(call: Call): Promise<Answer>;
}

interface BridgeOptions {
  readonly url: string;
  readonly matrix: ModelMatrix;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly limitMs?: number;
}

const LIMIT_MS = 120_000;

/** Calls go out one at a time per caller; what is logged of them is numbers. */
export function openBridge({ url, matrix, log, limitMs = LIMIT_MS }: BridgeOptions): Bridge {
  const warned = new Set<string>();
  return {
    matrix,
    async generate(call) {
      const tier = await matrix.tier(call.tier);
      const { primary_model: model, window_is_assumed } = tier;
      const outputTokens = call.outputTokens ?? tier.output_tokens;
      const promptTokens = tokensOf(call.prompt) + tokensOf(call.system ?? "");
      assertContextBudget(tier, { promptTokens, outputTokens });
      if (window_is_assumed && !warned.has(model)) {
        warned.add(model);
        log.warn({ model, window: tier.context_window }, "The model's window is not in config/models.json");
      }
      const startedAt = Date.now();
      const response = await clientOf(url, limitMs, call.signal).generate({
        model,
        prompt: call.prompt,
        stream: false,
        think: call.json ? false : tier.think,
        ...(call.system !== undefined && { system: call.system }),
        ...(call.json && { format: "json" }),
        options: { num_predict: outputTokens, num_ctx: tier.context_window, temperature: 0, seed: 0 },
      });
      const text = response.response ?? "";
      const finished = response.done_reason !== "length";
      const numbers = {
        promptTokens,
        outputTokens,
        answerTokens: tokensOf(text),
        ms: Date.now() - startedAt,
      };
      // The gatekeeper's calls change what the cluster does, so that they were made must be found again.
      const audit = call.tier === "T5" ? { audit: true } : {};
      log.info({ tier: call.tier, site: call.site, model, finished, ...numbers, ...audit }, "model call");
      return { text, finished, model };
    },
  };
}

/** The library takes no signal for a single answer, so each call has a fetch of its own. */
function clientOf(host: string, limitMs: number, signal: AbortSignal | undefined): Ollama {
  const limit = AbortSignal.timeout(limitMs);
  const stop = signal ? AbortSignal.any([signal, limit]) : limit;
  return new Ollama({ host, fetch: (input, init) => fetch(input, { ...init, signal: stop }) });
}
