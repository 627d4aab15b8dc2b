import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { takeTurn } from "../../../queues/redis/turn.ts";

// Says that it is ready, waits for the word, tries to be the keeper, and lives on until its input ends.
const [how, dir = ""] = process.argv.slice(2);
const lock = join(dir, "lock");
const isStale = how === "replaced" && (await readFile(lock, "utf8")) === "stale";
process.stdout.write("ready\n");
await once(process.stdin, "data");
const held = how === "turn" ? (await takeTurn(dir)) !== undefined : isStale && (await replace(lock));
process.stdout.write(held ? "held\n" : "none\n");
process.stdin.resume();

/** What everybody does who has found the file stale and thinks to be alone. */
async function replace(file: string): Promise<boolean> {
  await rm(file, { force: true });
  return writeFile(file, String(process.pid), { flag: "wx" }).then(
    () => true,
    () => false,
  );
}
