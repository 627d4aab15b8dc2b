import type { Protocol } from "./actions.ts";
import { UnsupportedFeatureError } from "./errors.ts";

const readableFeatures: ReadonlySet<string> = new Set([
  "columnMapping",
  "deletionVectors",
  "timestampNtz",
  "v2Checkpoint",
  // It binds those who vacuum only.
  "vacuumProtocolCheck",
]);

/** Refuses a table that asks of its readers what Millrace does not know; reading it anyway could give wrong rows. */
export function checkReadable(protocol: Protocol, table: string): void {
  if (protocol.minReaderVersion > 3)
    throw new UnsupportedFeatureError(
      `${table} needs reader version ${protocol.minReaderVersion}; Millrace reads up to 3.`,
    );
  if (protocol.minReaderVersion < 3) return;
  const unknown = (protocol.readerFeatures ?? []).filter((feature) => !readableFeatures.has(feature));
  if (unknown.length > 0)
    throw new UnsupportedFeatureError(
      `${table} needs reader features that Millrace lacks: ${unknown.join(", ")}. Read it with the engine that wrote it.`,
    );
}
