import { quote } from "../sql/duckdb.ts";
import { unknownCause } from "./unknown-cause.ts";

interface Cause {
  /** A regular expression over the folded error, regardless of case. */
  readonly match: string;
  readonly cause: string;
  readonly action: string;
}

/** What an error most likely means, the first that fits; made for errors of programs, files, networks and models. */
export const causes: readonly Cause[] = [
  {
    match: "no space left|enospc|disk is full",
    cause: "the disk is full",
    action: "free space or vacuum tables; the work goes on by itself afterwards",
  },
  {
    match: "out of memory|oom|heap limit|memory limit",
    cause: "the work needs more memory than it may take",
    action: "raise DUCKDB_MEMORY_BYTES, or lower the pool's concurrency",
  },
  {
    match: "econnrefused|econnreset|enotfound|ehostunreach|epipe|connection is closed|socket hang up",
    cause: "a server could not be reached",
    action: "see that it runs and that its address is right; such runs are tried again",
  },
  {
    match: "time.?limit|timed? ?out|etimedout|took longer",
    cause: "it took longer than it may",
    action: "raise the time limit of the kind, or give it less at once",
  },
  {
    match: "rate.?limit|too many requests|\\b429\\b|quota",
    cause: "a server asked for fewer requests",
    action: "lower the pool's concurrency or wait",
  },
  {
    match: "worker of this job died|stalled",
    cause: "the process died under the job, or held its event loop",
    action: "look at the memory of the machine and the end of the worker's log",
  },
  {
    match: "eacces|eperm|permission|forbidden|unauthori[sz]ed|access denied",
    cause: "it may not do this",
    action: "check the rights on the folder, or the key",
  },
  {
    match: "enoent|no such file|not (be )?f(ou|i)nd|there is no|does not exist|missing",
    cause: "what it was to work on is not there",
    action: "check the name in its input, or make it first",
  },
  {
    match: "json|parse|malformed|syntax|unexpected token|invalid|schema|expected",
    cause: "the data is not what it should be",
    action: "mend or leave out the data; the same input fails the same way",
  },
  {
    match: "conflict|lost to other writers|lock",
    cause: "several wrote the same at once",
    action: "let them take turns; such runs are tried again",
  },
  {
    match: "pool exhausted|no candidates|zero supply|nobody available",
    cause: "there was no supply where it looked",
    action: "widen the place or the role and try again",
  },
  { match: "cancel", cause: "somebody cancelled it", action: "none" },
];

/** Macros `cause_of(text)` and `action_of(text)`. */
export function causeMacros(): string {
  const macro = (name: "cause" | "action") => {
    const cases = causes.map(
      (each) => `when regexp_matches(lower(pattern), ${quote(each.match)}) then ${quote(each[name])}`,
    );
    return `create or replace temp macro ${name}_of(pattern) as case ${cases.join(" ")} else ${quote(unknownCause[name])} end;`;
  };
  return `${macro("cause")}\n${macro("action")}`;
}
