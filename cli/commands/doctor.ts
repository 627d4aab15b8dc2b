import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { checkAlive, type ProcessName, processNames } from "../doctor/alive.ts";
import { clusterChecks } from "../doctor/cluster.ts";
import { type Check, examine, type Finding } from "../doctor/finding.ts";
import { engineCheck, folderCheck, graphCheck, nodeCheck } from "../doctor/machine.ts";
import { apiCheck, bucketCheck, modelServerCheck } from "../doctor/neighbours.ts";
import { CliFailure } from "../failure.ts";
import type { CliSettings } from "../settings.ts";

export function define(command: Command, context: CliContext): void {
  command
    .addOption(
      new Option(
        "--alive <process>",
        "only whether this machine's process lives, as a health check asks",
      ).choices(processNames),
    )
    .addHelpText("after", "\nChanges nothing. Exit 1 when something would keep Millrace from working.")
    .action(async ({ alive }: { alive?: ProcessName }) => {
      if (alive) {
        await checkAlive(alive, context.config());
        context.output.result({ alive }, () => `${alive} lives`);
        return;
      }
      const findings = await examine(checksOf(context));
      report(findings, context);
      const failed = findings.filter(({ status }) => status === "fail");
      if (failed.length === 0) return;
      throw new CliFailure(`${failed.length} of ${findings.length} checks failed.`, {
        next: failed.find(({ next }) => next)?.next ?? "see the lines marked fail",
      });
    });
}

function checksOf(context: CliContext): Check[] {
  const node = nodeCheck(process.versions.node);
  let settings: CliSettings;
  try {
    settings = context.config();
  } catch (error) {
    return [node, { name: "configuration", look: () => Promise.reject(error) }];
  }
  const onS3 = settings.lakeUrl.startsWith("s3://");
  return [
    node,
    { name: "configuration", look: async () => ({ status: "ok", found: "every setting is understood" }) },
    engineCheck(settings),
    graphCheck,
    ...clusterChecks(settings),
    onS3 ? bucketCheck(context) : folderCheck("lake", "LAKE_URL", settings.lakeUrl),
    ...(onS3 ? [folderCheck("cache", "CACHE_DIR", settings.cache.dir)] : []),
    folderCheck("temporary files", "TEMP_DIR", settings.duckdb.tempDir),
    modelServerCheck(settings),
    apiCheck(settings),
  ];
}

const colours = { ok: "green", warn: "yellow", fail: "red" } as const;

function report(findings: readonly Finding[], { output }: CliContext): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  output.result({ ok: findings.every(({ status }) => status !== "fail"), findings }, (paint) =>
    findings
      .map(({ check, status, found, next }) => {
        const line = `${paint(colours[status], status.padEnd(4))}  ${check.padEnd(width)}  ${found}`;
        return next ? `${line}\n${" ".repeat(width + 8)}${paint("dim", next)}` : line;
      })
      .join("\n"),
  );
}
