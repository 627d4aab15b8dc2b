import type { Trial } from "../../../data/vectors/trials/journal.ts";

/** One width of a trial that nobody made. */
export function trialOf(ef_search: number, changes: Partial<Trial> = {}): Trial {
  return {
    index: "notes",
    trial: "t1",
    origin: "asked",
    m: 24,
    ef_construction: 90,
    ef_search,
    seed: 7,
    share: 1,
    rows: 300,
    table_version: 1,
    build_seconds: 0.1,
    recall: 0.99,
    p50_ms: 0.1,
    p95_ms: 0.2,
    memory_bytes: 1_000,
    decision: null,
    at: "2026-01-01T00:00:00.000Z",
    ...changes,
  };
}
