import { RetentionError } from "../../../data/delta/errors.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure, UsageFailure } from "../../failure.ts";
import { bytes, plural } from "../../quantities.ts";
import { parseVersion, positiveNumber } from "../../version-option.ts";
import { withTable } from "./target.ts";

const MEBIBYTE = 1024 ** 2;
const HOUR_MS = 3_600_000;

export interface MaintainOptions {
  readonly targetMb?: string;
  readonly sort?: string;
  readonly dryRun?: boolean;
  readonly retentionHours?: string;
  readonly force?: boolean;
  readonly version?: string;
  readonly timestamp?: string;
}

export async function optimize(context: CliContext, name: string, options: MaintainOptions): Promise<void> {
  const { targetMb, sort } = options;
  const wanted = {
    ...(targetMb === undefined ? {} : { targetBytes: positiveNumber(targetMb, "--target-mb") * MEBIBYTE }),
    ...(sort === undefined ? {} : { sortBy: sort }),
  };
  await withTable(context, name, async ({ table }) => {
    const result = await table.optimize(wanted);
    context.output.result({ name: table.name, ...result }, () =>
      result.outcome === "committed"
        ? `${table.name} is at version ${result.version}: ${plural(result.files.removed, "file")} became ${result.files.added}`
        : `${table.name} stays at version ${result.version}: its files are as they should be`,
    );
  });
}

export async function vacuum(context: CliContext, name: string, options: MaintainOptions): Promise<void> {
  const { retentionHours, dryRun = false, force = false } = options;
  const retention =
    retentionHours === undefined ? {} : { retentionMs: hoursOf(retentionHours, "--retention-hours") };
  await withTable(context, name, async ({ table }) => {
    const result = await table.vacuum({ dryRun, force, ...retention }).catch(explainRetention);
    const { files, sizeBytes } = result;
    const what = `${plural(files.length, "file")} (${bytes(sizeBytes)})`;
    context.output.result({ name: table.name, ...result }, () =>
      dryRun
        ? [...files, `${what} would go from ${table.name}`].join("\n")
        : `${what} removed from ${table.name}`,
    );
  });
}

function explainRetention(error: unknown): never {
  if (!(error instanceof RetentionError)) throw error;
  throw new CliFailure(error.message, { next: "add --force if nobody is at work on it", cause: error });
}

function hoursOf(text: string, option: string): number {
  return Number(text) === 0 ? 0 : positiveNumber(text, option) * HOUR_MS;
}

export async function restore(context: CliContext, name: string, options: MaintainOptions): Promise<void> {
  const at = parseVersion(options);
  if (at.version === undefined && at.timestamp === undefined) {
    throw new UsageFailure("Restore needs the version to go back to.", "add --version N or --timestamp T");
  }
  await withTable(context, name, async ({ table }) => {
    const result = await table.restore(at);
    context.output.result({ name: table.name, ...result }, () =>
      result.outcome === "committed"
        ? `${table.name} is at version ${result.version}, with the rows of ${at.version === undefined ? at.timestamp?.toISOString() : `version ${at.version}`}`
        : `${table.name} stays at version ${result.version}: it has these rows`,
    );
  });
}

export async function checkpoint(context: CliContext, name: string): Promise<void> {
  await withTable(context, name, async ({ table }) => {
    const version = await table.checkpoint();
    context.output.result(
      { name: table.name, version },
      () => `${table.name} has a checkpoint of version ${version}`,
    );
  });
}
