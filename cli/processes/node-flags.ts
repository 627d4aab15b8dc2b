/** A worker or clock mostly waits: with Node's 16 MB of room for what is new it holds a sixth more memory all its life. */
const waiting = ["--max-semi-space-size=2"];

/**
 * A request makes 25 KB of short-lived objects. With more room for them, which is taken only under load, the collector
 * looks four times less often, and finds the same few requests under way each time.
 */
const answering = ["--max-semi-space-size=64"];

/** What Node is told when it runs this command of Millrace as a process of its own. */
export function nodeFlags(command: string | undefined): readonly string[] {
  return command === "api" ? answering : waiting;
}
