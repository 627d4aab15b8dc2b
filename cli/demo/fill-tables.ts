import type { TableName } from "../../data/lake.ts";
import type { DemoStep } from "./step.ts";

export const TABLES = 10;
export const COMMITS = 6;
const ROWS = 500;

export const demoTables: readonly TableName[] = Array.from(
  { length: TABLES },
  (_, at): TableName => `demo.sensor_${String(at).padStart(2, "0")}`,
);

/** Small commits as a busy day leaves them; the last is a merge that changes half of the first one's rows. */
export const fillTables: DemoStep = {
  title: "Fill Delta tables with many small commits",
  async run({ lake, say }) {
    await Promise.all(
      demoTables.map(async (name) => {
        const table = lake.table(name);
        await table.ensure({
          columns: [
            { name: "id", type: "long", nullable: false },
            { name: "reading", type: "double", nullable: true },
          ],
          properties: { "delta.enableChangeDataFeed": "true" },
        });
        for (let commit = 0; commit < COMMITS; commit++) await table.append({ sql: readings(commit) });
        await table.merge(
          { sql: `select id, -1.0 as reading from (${readings(0)}) where id % 2 = 0` },
          { key: ["id"] },
        );
      }),
    );
    say(`${TABLES} tables, ${TABLES * (COMMITS + 2)} commits`);
    return { tables: TABLES, commits: TABLES * (COMMITS + 2), rows: TABLES * COMMITS * ROWS };
  },
};

function readings(commit: number): string {
  const from = commit * ROWS;
  return `select range as id, range / 7.0 as reading from range(${from}, ${from + ROWS})`;
}
