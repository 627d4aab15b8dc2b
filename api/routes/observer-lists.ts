import { z } from "zod";
import type { Column } from "../../data/delta/table.ts";
import type { TableName } from "../../data/lake.ts";
import {
  actors,
  configurations,
  corrections,
  errors,
  outcomes,
  playbooks,
} from "../../data/observer/lessons/lesson.ts";
import { listRows, rowSchema } from "../../data/observer/list-rows.ts";
import { recommendationColumns } from "../../data/observer/recommend.ts";
import { conflictColumns, eventColumns } from "../../data/observer/tables.ts";
import { defineRoute } from "../define-route.ts";
import { Page } from "../schemas.ts";

interface ListOptions {
  readonly noun: string;
  readonly summary: string;
  readonly id: string;
  readonly table: TableName;
  readonly columns: readonly Column[];
  readonly orderBy: string;
  /** Columns that a caller may ask for a value of. */
  readonly filters: readonly string[];
}

/** The same way to list each of the observer's tables. */
function listOf({ noun, summary, id, table, columns, orderBy, filters }: ListOptions) {
  const only = "Only rows with this value";
  const text = z.string().min(1).max(200).optional().describe(only);
  const asked = Object.fromEntries(
    filters.map((name) => [name, name === "success" ? z.stringbool().optional().describe(only) : text]),
  );
  return defineRoute({
    summary,
    description: `Rows of ${table}, which POST /sql reads, too.`,
    method: "get",
    path: `/observer/${noun}`,
    role: "read",
    withoutRedis: true,
    query: z.strictObject({ ...asked, ...Page }),
    status: 200,
    reply: z.strictObject({ [noun]: z.array(rowSchema(columns).meta({ id })) }).meta({ id: `${id}List` }),
    async handle({ query, lake }) {
      const { offset, limit, ...where } = query as { offset: number; limit: number } & Record<
        string,
        string | undefined
      >;
      return { [noun]: await listRows(lake, { table, columns, orderBy, where, offset, limit }) };
    },
  });
}

export const listObserverEvents = listOf({
  noun: "events",
  summary: "Events, those that came last first",
  id: "StoredEvent",
  table: "observer.events",
  columns: eventColumns,
  orderBy: "received_at desc, happened_at desc, id",
  filters: ["source", "event_kind", "success", "staffer_id", "run_id", "sig_hash"],
});

export const listObserverErrors = listOf({
  noun: "errors",
  summary: "Failures that read alike, with their cause and what to do",
  id: "ErrorGroup",
  ...errors,
  orderBy: "scopes desc, count desc, error_group",
  filters: ["event_kind", "sig_hash"],
});

export const listObserverCorrections = listOf({
  noun: "corrections",
  summary: "What failed and then succeeded, and what was different",
  id: "Correction",
  ...corrections,
  orderBy: "scopes desc, correction_id",
  filters: ["sig_hash", "error_group", "how"],
});

export const listObserverPlaybooks = listOf({
  noun: "playbooks",
  summary: "What succeeded repeatedly under one signature",
  id: "Playbook",
  ...playbooks,
  orderBy: "scopes desc, playbook_id",
  filters: ["event_kind", "sig_hash"],
});

export const listObserverOutcomes = listOf({
  noun: "outcomes",
  summary: "How runs went, the last first",
  id: "RunOutcome",
  ...outcomes,
  orderBy: "ended_at desc, run_id",
  filters: ["sig_hash", "staffer_id", "event_kind", "source"],
});

export const listObserverConfigurations = listOf({
  noun: "configurations",
  summary: "The settings that runs were under",
  id: "ConfigurationSnapshot",
  ...configurations,
  orderBy: "last_seen desc, config_hash",
  filters: ["config_hash"],
});

export const listObserverActors = listOf({
  noun: "actors",
  summary: "What each actor can, with every part of the sum",
  id: "ActorCompetence",
  ...actors,
  orderBy: "competence desc, staffer_id",
  filters: ["staffer_id"],
});

export const listObserverConflicts = listOf({
  noun: "conflicts",
  summary: "Events that came again with other content, the last first; the first of each was kept",
  id: "ConflictingEvent",
  table: "observer.conflicts",
  columns: conflictColumns,
  orderBy: "received_at desc, id",
  filters: ["id", "source", "event_kind"],
});

export const listObserverRecommendations = listOf({
  noun: "recommendations",
  summary: "Advice for the signatures that were last in use",
  id: "StoredRecommendation",
  table: "observer.recommendations",
  columns: recommendationColumns,
  orderBy: "sig_hash",
  filters: ["sig_hash"],
});
