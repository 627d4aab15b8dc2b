import { clinicalCohorts } from "./clinical.ts";
import { fillTables } from "./fill-tables.ts";
import { searchNotes } from "./notes.ts";
import { reconcileEverything } from "./reconcile.ts";
import { makeSequences } from "./sequences.ts";
import type { DemoStep } from "./step.ts";
import { surviveKill } from "./survive-kill.ts";

/** What the demo shows, one line a step, in order. */
export const steps: readonly DemoStep[] = [
  fillTables,
  surviveKill,
  clinicalCohorts,
  searchNotes,
  makeSequences,
  reconcileEverything,
];
