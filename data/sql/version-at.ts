import type { VersionAt } from "../delta/table.ts";

const time = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Reads `3`, or a date or time; a time without a zone is UTC. */
export function readVersionAt(text: string): VersionAt | undefined {
  if (/^\d{1,15}$/.test(text)) return { version: Number(text) };
  if (!time.test(text)) return undefined;
  const zoned = text.length <= 10 || /(Z|[+-]\d{2}:?\d{2})$/i.test(text.slice(10)) ? text : `${text}Z`;
  const timestamp = new Date(zoned.replace(" ", "T"));
  return Number.isNaN(timestamp.getTime()) ? undefined : { timestamp };
}
