import { openFolder } from "../../data/storage/folder.ts";
import { Intake } from "../../queues/intake.ts";
import { recordOf } from "./intake-record.ts";

/** Records work, several at a time, and says the id of each that was accepted, until it is killed. */
const [dir = "", name = ""] = process.argv.slice(2);
const intake = new Intake(openFolder(dir));
for (let round = 0; ; round += 1) {
  await Promise.all(
    Array.from({ length: 5 }, async (_, at) => {
      const record = recordOf(`${name}-${round}-${at}`);
      await intake.record([record]);
      process.stdout.write(`${record.id}\n`);
    }),
  );
}
