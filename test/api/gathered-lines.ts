import { once } from "node:events";
import { GatheredOutput } from "../../api/gathered-output.ts";

/** Says so many lines once its stdin ends, the last of them in its last moment. */
const count = Number(process.argv[2]);
const output = new GatheredOutput(1);
process.stdin.resume();
await once(process.stdin, "end");
for (let at = 0; at < count - 1; at += 1) output.write(`line ${at}\n`);
setTimeout(() => {
  output.write(`line ${count - 1}\n`);
  process.exit();
}, 200);
