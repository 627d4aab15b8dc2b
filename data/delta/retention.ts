import { DataError } from "../errors.ts";

const DEFAULT_MS = 7 * 24 * 3_600_000;

const unitsMs: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 24 * 3_600_000,
  week: 7 * 24 * 3_600_000,
};

/** How long removed files are kept for readers of older versions. */
export function retentionMs(properties: Readonly<Record<string, string>>): number {
  const text = properties["delta.deletedFileRetentionDuration"];
  if (text === undefined) return DEFAULT_MS;
  const parts = [...text.toLowerCase().matchAll(/(\d+)\s+([a-z]+?)s?\b/g)];
  const known = parts.map(([, count, unit = ""]) => Number(count) * (unitsMs[unit] ?? Number.NaN));
  const total = known.reduce((sum, ms) => sum + ms, 0);
  if (known.length === 0 || !Number.isFinite(total))
    throw new DataError(`delta.deletedFileRetentionDuration is ${text}; write it as "interval 7 days".`);
  return total;
}
