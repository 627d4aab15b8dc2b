import type { AnyJob } from "../../../workers/define-job.ts";
import { findKind, kinds } from "../../../workers/registry.ts";
import { UsageFailure } from "../../failure.ts";
import { nearest } from "../../nearest.ts";

export function knownKind(kind: string): AnyJob {
  const contract = findKind(kind);
  if (contract) return contract;
  const meant = nearest(kind, kinds);
  throw new UsageFailure(
    `unknown kind '${kind}'`,
    meant ? `did you mean ${meant}?` : `the kinds are ${kinds.join(", ")}`,
  );
}
