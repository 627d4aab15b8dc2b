import { buildGold } from "../../../data/clinical/gold/build-gold.ts";
import { passGoldGates } from "../../../data/clinical/validation/gold-gates.ts";
import { DataError } from "../../../data/errors.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

export async function run({ id, input, lake, signal, note, reportProgress }: JobContext<Input, never>) {
  await reportProgress({ stage: "gold", done: 0, total: null, unit: "rows" });
  const { mode, patients, write, manifest } = await buildGold(lake, {
    instant: new Date(),
    full: input.full,
    txn: { appId: id, version: 1 },
    signal,
  });
  const { row_count: rows } = manifest;
  await reportProgress({ stage: "gold", done: rows, total: rows, unit: "rows" });

  const closed = (await passGoldGates(lake)).filter(({ passed }) => !passed);
  for (const { name, detail } of closed) await note(`Gold: ${name} (${detail})`);
  if (input.strict && closed.length > 0) {
    throw new DataError(
      `Gold does not pass ${closed.map(({ name }) => name).join(", ")}: the job's log says why`,
    );
  }
  return { mode, patients, rows, ...write.rows, version: write.version, gatesFailed: closed.length };
}
