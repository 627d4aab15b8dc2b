import { type Paint, visibleWidth } from "./paint.ts";

export interface ColumnLayout {
  readonly title: string;
  readonly align?: "left" | "right";
}

/** Rows of text as aligned columns under a heading, for people. */
export function alignColumns(
  columns: readonly ColumnLayout[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string {
  const widths = columns.map((column, at) =>
    Math.max(column.title.length, ...rows.map((row) => visibleWidth(row[at] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map((column, at) => {
        const cell = cells[at] ?? "";
        const gap = " ".repeat((widths[at] ?? 0) - visibleWidth(cell));
        return column.align === "right" ? gap + cell : cell + gap;
      })
      .join("  ")
      .trimEnd();
  const heading = line(columns.map((column) => paint("dim", column.title)));
  return [heading, ...rows.map(line)].join("\n");
}
