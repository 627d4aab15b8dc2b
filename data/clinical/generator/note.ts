import type { Person } from "./person.ts";

/** What a note tells of a visit. */
export interface NoteFacts {
  readonly day: string;
  readonly age: number;
  readonly complaint: string;
  readonly conditions: readonly string[];
  readonly drugs: readonly string[];
  /** Files that belong to the visit, as Coherent's notes name them. */
  readonly files: readonly string[];
}

/** A note in Coherent's manner: Markdown headings, an empty first line, no objective section. */
export function writeNote(person: Person, facts: NoteFacts): string {
  const { day, age, complaint, conditions, drugs, files } = facts;
  const history =
    conditions.length > 0 ? ` Patient has a history of ${conditions.join(", ").toLowerCase()}.` : "";
  return [
    "",
    day,
    "",
    "# Chief Complaint",
    complaint,
    "",
    "# History of Present Illness",
    `${person.given} is a ${age} year-old ${person.ethnicity[1].toLowerCase()} ${person.race[1].toLowerCase()} ${person.gender}.${history}`,
    "",
    "# Social History",
    "Patient is employed and has never smoked. Patient comes from a middle socioeconomic background.",
    "Patient currently has private insurance and sees the same practice for most concerns.",
    "",
    "# Allergies",
    "No Known Allergies.",
    "",
    "# Medications",
    drugs.length > 0 ? drugs.join("; ").toLowerCase() : "No Active Medications.",
    "",
    "# Assessment and Plan",
    conditions.length > 0 ? `Patient is presenting with ${conditions[0]?.toLowerCase()}.` : "No new problem.",
    "",
    "## Plan",
    "Follow up as needed; the patient was given what was discussed in writing and agreed.",
    ...(files.length > 0 ? ["", ...files] : []),
    "",
  ].join("\n");
}
