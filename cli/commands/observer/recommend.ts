import { type Recommendation, recommendNow } from "../../../data/observer/recommend.ts";
import type { CliContext } from "../../context.ts";
import type { Paint } from "../../paint.ts";

export interface RecommendOptions {
  readonly role?: string;
  readonly count?: number;
  readonly city?: string;
  readonly state?: string;
}

export async function showRecommendation(
  context: CliContext,
  kind: string,
  {
    role = null,
    count = null,
    city = null,
    state = null,
  }: { [Name in keyof RecommendOptions]: RecommendOptions[Name] | null },
): Promise<void> {
  await using lake = await context.openLake();
  const advice = await recommendNow(lake, { event_kind: kind, role, count, city, state });
  context.output.result(advice, (paint) => render(advice, paint));
}

function render({ text, notes, advice, neighbours }: Recommendation, paint: Paint): string {
  const lines = [paint("bold", text), ""];
  if (notes.length === 0)
    lines.push("Nothing is known of it yet. Learn from the events: millrace observer analyze");
  for (const note of notes) lines.push(`- ${note}`);
  if (advice) lines.push("", paint("dim", "a model says"), `  ${advice}`);
  if (neighbours.length > 0) lines.push("", paint("dim", "likest situations"));
  for (const near of neighbours) {
    const score = `${near.score.toFixed(2)} = ${near.similarity.toFixed(2)} alike × ${near.competence.toFixed(2)} competence`;
    lines.push(`  ${near.text}  ${paint("dim", score)}`);
  }
  return lines.join("\n");
}
