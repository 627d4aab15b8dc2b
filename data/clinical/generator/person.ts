import type { Random } from "./random.ts";

/** Someone who never was: the names are made of syllables, so that they are nobody's. */
export interface Person {
  readonly id: string;
  readonly given: string;
  readonly family: string;
  readonly gender: "male" | "female";
  readonly birth: Date;
  readonly death: Date | undefined;
  readonly race: readonly [string, string];
  readonly ethnicity: readonly [string, string];
  readonly city: string;
  readonly zip: string;
}

const onsets = [
  "B",
  "Br",
  "D",
  "Dr",
  "F",
  "G",
  "Kr",
  "L",
  "M",
  "N",
  "P",
  "Qu",
  "R",
  "S",
  "T",
  "V",
  "Z",
] as const;
const vowels = ["a", "e", "i", "o", "u", "ae", "ou", "é", "ü"] as const;
const codas = ["l", "m", "n", "r", "th", "x", "zz", "nd", "lk"] as const;
const races = [
  ["2106-3", "White"],
  ["2054-5", "Black or African American"],
  ["2028-9", "Asian"],
  ["2131-1", "Other Race"],
] as const;
const ethnicities = [
  ["2186-5", "Not Hispanic or Latino"],
  ["2135-2", "Hispanic or Latino"],
] as const;

/** The span in which all visits lie; a fixed one, so that a seed gives the same bundles on any day. */
export const newestDay = Date.UTC(2024, 5, 30);
export const dayMs = 86_400_000;

export function makePerson(random: Random): Person {
  const years = random.whole(2, 95);
  const birth = new Date(newestDay - Math.floor(years * 365.25 * dayMs) - random.whole(0, 364) * dayMs);
  const dies = random.chance(0.12) && years > 40;
  return {
    id: random.uuid(),
    given: `${madeUpName(random, 2)}${random.whole(1, 999)}`,
    family: `${madeUpName(random, 3)}${random.whole(1, 999)}`,
    gender: random.chance(0.5) ? "female" : "male",
    birth,
    death: dies ? new Date(newestDay - random.whole(10, 3000) * dayMs) : undefined,
    race: random.pick(races),
    ethnicity: random.pick(ethnicities),
    city: `${madeUpName(random, 2)}ville`,
    zip: String(random.whole(1000, 2799)).padStart(5, "0"),
  };
}

function madeUpName(random: Random, syllables: number): string {
  let name = "";
  for (let i = 0; i < syllables; i++) {
    const onset = random.pick(onsets);
    name += (i === 0 ? onset : onset.toLowerCase()) + random.pick(vowels);
  }
  return name + random.pick(codas);
}
