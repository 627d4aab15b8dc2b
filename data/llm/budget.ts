import { DataError } from "../errors.ts";
import { type Tier, usable } from "./model-matrix.ts";

/** What a text costs, without asking the model for its tokenizer. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

export interface Spending {
  readonly promptTokens: number;
  readonly outputTokens: number;
}

/** A call that would not fit, with the numbers that say by how much. */
export class ContextBudgetError extends DataError {
  override readonly name = "ContextBudgetError";
  readonly tier: Tier;
  readonly spending: Spending;
  /** Tokens too many. */
  readonly over: number;

  constructor(tier: Tier, spending: Spending, over: number) {
    const { promptTokens, outputTokens } = spending;
    super(
      `The prompt has ${promptTokens} tokens and its answer may have ${outputTokens}, ${over} more than tier ${tier.tier} takes: ` +
        `a prompt of ${tier.context_budget}, and ${usable(tier.context_window)} with the answer, in a window of ${tier.context_window}. ` +
        `Its overflow policy is ${tier.overflow_policy}.`,
    );
    this.tier = tier;
    this.spending = spending;
    this.over = over;
  }
}

/** Before every call; a model that is given too much forgets the beginning and does not say so. */
export function assertContextBudget(tier: Tier, spending: Spending): void {
  const over = Math.max(
    spending.promptTokens - tier.context_budget,
    spending.promptTokens + spending.outputTokens - usable(tier.context_window),
  );
  if (over > 0) throw new ContextBudgetError(tier, spending, over);
}
