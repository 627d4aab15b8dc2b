import type { VersionAt } from "../../delta/table.ts";
import type { TableName } from "../../lake.ts";
import type { PieceFormat } from "../formats/encoders.ts";
import type { NamedTable } from "../query-tree.ts";
import type { QueryLimits } from "../run-query.ts";
import type { Failure } from "./failure.ts";

/** What a process that runs queries is told, one query at a time. */
export type ToProcess =
  | {
      readonly kind: "ask";
      readonly sql: string;
      readonly asOf: VersionAt | undefined;
      readonly limits: QueryLimits;
      /** The memory of the whole process that ends it. */
      readonly residentBytes: number;
    }
  | { readonly kind: "table"; readonly sql: string }
  | { readonly kind: "names"; readonly names: readonly TableName[] }
  /** What the query needs of the lake is not to be had; why, the asker knows. */
  | { readonly kind: "refused" }
  | { readonly kind: "give"; readonly format: PieceFormat }
  | { readonly kind: "end" };

/** What it tells. The rows themselves come through a pipe of their own. */
export type FromProcess =
  | { readonly kind: "want-table"; readonly named: NamedTable; readonly asOf: VersionAt }
  | { readonly kind: "want-names" }
  | {
      readonly kind: "ready";
      readonly columns: readonly { readonly name: string; readonly type: string }[];
      readonly rowCount: number;
    }
  | { readonly kind: "failed"; readonly failure: Failure }
  | { readonly kind: "over-memory" }
  | { readonly kind: "ended"; readonly residentBytes: number };
