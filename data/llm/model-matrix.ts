import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../errors.ts";

export const tierNames = ["T1", "T2", "T3", "T4", "T5"] as const;
export type TierName = (typeof tierNames)[number];

/** A window that nobody knows is taken for the smallest in use. */
export const UNKNOWN_WINDOW = 4_096;

const tokens = z.int().min(1).max(10_000_000);
const WrittenTier = z.strictObject({
  name: z.string().min(1),
  model: z.string().min(1),
  context_window: tokens.optional().describe("Unset: 4,096, with a warning"),
  context_budget: tokens
    .optional()
    .describe("What a prompt may have of the window; unset: what the answer leaves"),
  output_tokens: tokens,
  think: z.boolean(),
  overflow_policy: z.enum([
    "two_pass_map_reduce",
    "chunk_lessons_via_cosine_topk",
    "summarize_oldest_tool_results_via_t3",
    "refuse",
  ]),
  calls: z.string(),
});
const WrittenMatrix = z.strictObject({
  tiers: z.strictObject(
    Object.fromEntries(tierNames.map((name) => [name, WrittenTier])) as Record<TierName, typeof WrittenTier>,
  ),
});

export type Tier = z.infer<typeof Tier>;
export const Tier = z
  .strictObject({
    tier: z.enum(tierNames),
    name: z.string(),
    primary_model: z.string(),
    context_window: z.int(),
    window_is_assumed: z.boolean(),
    context_budget: z.int().describe("Tokens a prompt may have"),
    output_tokens: z.int(),
    think: z.boolean(),
    overflow_policy: WrittenTier.shape.overflow_policy,
    calls: z.string().describe("How often it is meant to be asked"),
  })
  .meta({ id: "ModelTier" });

/** The file that says which model serves what; read again when it has changed. */
export class ModelMatrix {
  readonly path: string;
  #read: { mtimeMs: number; sizeBytes: number; tiers: ReadonlyMap<TierName, Tier> } | undefined;
  /** Why the file as it is now is not in use; undefined while it is. */
  fault: string | undefined;

  constructor(path = join(import.meta.dirname, "..", "..", "config", "models.json")) {
    this.path = path;
  }

  async tier(name: TierName): Promise<Tier> {
    const tier = (await this.tiers()).get(name);
    if (!tier) throw new DataError(`${this.path} has no tier ${name}`);
    return tier;
  }

  /** What the file says; a file that was broken by an edit leaves what it said before in use. */
  async tiers(): Promise<ReadonlyMap<TierName, Tier>> {
    try {
      const { mtimeMs, size } = await stat(this.path);
      if (this.#read?.mtimeMs !== mtimeMs || this.#read.sizeBytes !== size) {
        const tiers = parseMatrix(this.path, await readFile(this.path, "utf8"));
        this.#read = { mtimeMs, sizeBytes: size, tiers };
      }
      this.fault = undefined;
    } catch (error) {
      this.fault = error instanceof Error ? error.message : String(error);
      if (!this.#read) throw error;
    }
    return this.#read.tiers;
  }
}

function parseMatrix(path: string, text: string): ReadonlyMap<TierName, Tier> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`${path} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = WrittenMatrix.safeParse(value);
  if (!parsed.success) throw new DataError(`${path} is wrong:\n${z.prettifyError(parsed.error)}`);
  return new Map(tierNames.map((name) => [name, decide(path, name, parsed.data.tiers[name])]));
}

function decide(path: string, tier: TierName, written: z.infer<typeof WrittenTier>): Tier {
  const { name, model, context_window, output_tokens, think, overflow_policy, calls } = written;
  const window = context_window ?? UNKNOWN_WINDOW;
  const left = usable(window) - output_tokens;
  const budget = written.context_budget ?? left;
  if (left < 1 || budget > left)
    throw new DataError(
      `${path}: tier ${tier} gives a prompt ${budget} tokens and an answer ${output_tokens}, together more than the ${usable(window)} that are safe in a window of ${window}`,
    );
  return {
    tier,
    name,
    primary_model: model,
    context_window: window,
    window_is_assumed: context_window === undefined,
    context_budget: budget,
    output_tokens,
    think,
    overflow_policy,
    calls,
  };
}

/** Counting characters is not counting tokens: a tenth of the window is kept for the error. */
export function usable(window: number): number {
  return Math.floor(window * 0.9);
}
