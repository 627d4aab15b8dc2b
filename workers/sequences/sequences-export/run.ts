import { exportMeds } from "../../../data/sequences/exports/meds.ts";
import { exportTokens } from "../../../data/sequences/exports/tokens.ts";
import { openBuild } from "../../../data/sequences/open-build.ts";
import type { JobContext } from "../../define-job.ts";
import type { Input } from "./job.ts";

const ETL_VERSION = "0.1.0";

export async function run({ input, lake, signal, reportProgress }: JobContext<Input, never>) {
  const connection = await (await lake.duckdb()).connect();
  try {
    const { scheme } = await openBuild(lake, connection);
    let tokens: number | undefined;
    let events: number | undefined;
    if (input.formats.includes("tokens")) {
      const onShard = (done: number, total: number) =>
        reportProgress({ stage: "tokens", done, total, unit: "shards" });
      ({ rows: tokens } = await exportTokens(connection, { ...input, scheme, signal, onShard }));
    }
    if (input.formats.includes("meds")) {
      const onShard = (done: number) => reportProgress({ stage: "meds", done, total: null, unit: "shards" });
      const { rows } = await exportMeds(connection, {
        ...input,
        etlVersion: ETL_VERSION,
        createdAt: new Date(),
        signal,
        onShard,
      });
      events = rows;
    }
    return { tokens, events };
  } finally {
    connection.closeSync();
  }
}
