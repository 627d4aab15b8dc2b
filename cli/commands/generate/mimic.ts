import { openDuckDB } from "../../../data/sql/duckdb.ts";
import type { CliContext } from "../../context.ts";

export interface MimicOptions {
  readonly patients: number;
  readonly labs: number;
  readonly seed: number;
  readonly gzip?: boolean;
  readonly badRows: boolean;
  readonly out: string;
}

export async function writeMimic(context: CliContext, { out, ...options }: MimicOptions): Promise<void> {
  const { generateMimic } = await import("../../../data/sequences/generator/generate.ts");
  using duckdb = await openDuckDB(context.config().duckdb);
  const connection = await duckdb.connect();
  const rows = await generateMimic(connection, out, { ...options, gzip: options.gzip ?? false });
  connection.closeSync();
  context.output.table({ out, rows }, [{ title: "file" }, { title: "rows", align: "right" }], () =>
    Object.entries(rows).map(([name, count]) => [`${name}.csv`, count.toLocaleString("en")]),
  );
}
