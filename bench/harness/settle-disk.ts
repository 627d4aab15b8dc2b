import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Until the disk has written what was made for a measurement, which would else slow down whichever side comes first. */
export async function settleDisk(): Promise<void> {
  await promisify(execFile)("sync");
}
