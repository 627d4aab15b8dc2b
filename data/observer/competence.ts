import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../errors.ts";

const share = z.number().min(0).max(1);
const WrittenRules = z
  .strictObject({
    weights: z.strictObject({ fill: share, turns: share, citations: share, rescue: share }),
    turns_min: z.number().min(0).describe("Turns an event at which efficiency is whole"),
    turns_max: z.number().describe("Turns at which it is nothing"),
    citations_full: z.number().positive().describe("Citations an event at which density is whole"),
    runs_full: z.int().min(1).describe("Below so many runs the sum is drawn towards the average"),
    average: share,
    neighbour_floor: share.describe("No likeness is multiplied with less, so that none is out of sight"),
    neighbour_unknown: share.describe("What it is multiplied with where nobody is known"),
    likeness_least: share.describe("Signatures of another kind that are less alike are no neighbours"),
  })
  .refine(({ turns_min, turns_max }) => turns_min < turns_max, "turns_min must be less than turns_max")
  .refine(
    ({ weights }) => weights.fill > 0,
    "the weight of fill must be more than nothing: it is always known",
  );

/** How competence is made of its parts; the table observer.actors shows each of them. */
export type CompetenceRules = z.infer<typeof WrittenRules>;

/** A mistake in the file is an error at start, which names the field. */
export function readCompetenceRules(
  path = join(import.meta.dirname, "..", "..", "config", "competence.json"),
): CompetenceRules {
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new DataError(`${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = WrittenRules.safeParse(written);
  if (!parsed.success) throw new DataError(`${path} is wrong:\n${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export const competenceRules = readCompetenceRules();

/** The rules by the names that SQL has for them. */
export function ruleConstants({ weights, ...rules }: CompetenceRules): Readonly<Record<string, number>> {
  const named = Object.entries(weights).map(([part, weight]) => [`w_${part}`, weight]);
  return { ...rules, ...Object.fromEntries(named) };
}
