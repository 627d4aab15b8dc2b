import { playbooks } from "../../../data/observer/lessons/lesson.ts";
import { listRows } from "../../../data/observer/list-rows.ts";
import type { CliContext } from "../../context.ts";

const columns = [
  { title: "playbook" },
  { title: "kind" },
  { title: "role" },
  { title: "where" },
  { title: "runs", align: "right" },
  { title: "confidence", align: "right" },
  { title: "success", align: "right" },
  { title: "settings" },
] as const;

export async function listPlaybooks(
  context: CliContext,
  { kind, limit }: { readonly kind?: string; readonly limit: number },
): Promise<void> {
  await using lake = await context.openLake();
  const rows = await listRows(lake, {
    ...playbooks,
    orderBy: "scopes desc, playbook_id",
    where: { event_kind: kind },
    limit,
  });
  context.output.table(
    rows,
    columns,
    (paint) =>
      rows.map((row) => [
        paint("bold", String(row.playbook_id)),
        String(row.event_kind),
        String(row.role ?? ""),
        [row.city, row.state].filter(Boolean).join(", "),
        String(row.scopes),
        percent(row.confidence),
        percent(row.success_rate),
        paint("dim", String(row.config ?? "")),
      ]),
    "Nothing has succeeded twice yet, or nobody has looked: millrace observer analyze",
  );
}

function percent(share: unknown): string {
  return `${Math.round(Number(share) * 100)}%`;
}
