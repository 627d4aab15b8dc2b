/** How competence is made of its parts; the table observer.actors shows each of them. */
export const competenceRules = {
  w_fill: 0.45,
  w_turns: 0.2,
  w_citations: 0.2,
  w_rescue: 0.15,
  /** Turns an event at which efficiency is whole, and at which it is nothing. */
  turns_min: 3,
  turns_max: 20,
  citations_full: 5,
  /** Below so many runs the sum is drawn towards the average. */
  runs_full: 3,
  average: 0.5,
} as const;

/** What a neighbour's likeness is multiplied with: the best of its actors, but never so little that it cannot be seen. */
export const neighbourRules = { floor: 0.3, unknown: 0.5 } as const;
