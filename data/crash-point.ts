/** The places where a process that dies does most harm, in the order a write passes them. */
export const crashPoints = [
  "snapshot-read",
  "files-written",
  "files-half-published",
  "files-published",
  "commit-unsynced",
  "commit-unlinked",
  "committed",
  "checkpoint-unpublished",
  "checkpoint-unhinted",
  "vacuum-half-done",
  "before-ack",
] as const;
export type CrashPoint = (typeof crashPoints)[number];

let armed: ((point: CrashPoint) => void) | undefined;

/** Nothing, unless a test has armed its process. */
export function crashPoint(point: CrashPoint): void {
  armed?.(point);
}

/** Only the chaos tests call this; a test of the architecture holds that no other code does. */
export function armCrashPoints(act: (point: CrashPoint) => void): void {
  armed = act;
}
