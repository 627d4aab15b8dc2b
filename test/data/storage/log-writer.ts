import { openFolder } from "../../../data/storage/folder.ts";

/** Appends lines until it may write no more, and says how many it was promised. */
const [dir = ""] = process.argv.slice(2);
const log = await openFolder(dir).logs?.create("log");
let kept = 0;
try {
  while (await log?.append(`${"x".repeat(699)}\n`)) kept += 1;
} catch {
  process.stdout.write(String(kept));
}
