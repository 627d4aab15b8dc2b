import type { VersionAt } from "../data/delta/table.ts";
import { readVersionAt } from "../data/sql/version-at.ts";
import { UsageFailure } from "./failure.ts";

export function parseAsOf(text: string): VersionAt {
  const at = readVersionAt(text);
  if (at) return at;
  throw new UsageFailure(
    `${text} is neither a version nor a time.`,
    "give a version such as 3, a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z",
  );
}

/** `--version` and `--timestamp`, of which one may be given. */
export function parseVersion({ version, timestamp }: { version?: string; timestamp?: string }): VersionAt {
  if (version !== undefined && timestamp !== undefined) {
    throw new UsageFailure("A version and a time are given.", "give --version or --timestamp");
  }
  if (version !== undefined) return { version: wholeNumber(version, "--version") };
  if (timestamp === undefined) return {};
  const at = /^\d+$/.test(timestamp) ? undefined : readVersionAt(timestamp);
  if (at) return at;
  throw new UsageFailure(`${timestamp} is no time.`, "give one such as 2026-01-31T12:00:00Z");
}

export function wholeNumber(text: string, option: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageFailure(`${option} ${text} is not a whole number from 0 on.`);
}

export function positiveNumber(text: string, option: string): number {
  const number = Number(text);
  if (text.trim() !== "" && number > 0 && Number.isFinite(number)) return number;
  throw new UsageFailure(`${option} ${text} is not a number above 0.`);
}
