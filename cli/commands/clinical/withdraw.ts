import { withdrawBundles } from "../../../data/clinical/landing.ts";
import type { CliContext } from "../../context.ts";
import { CliFailure } from "../../failure.ts";
import { plural } from "../../quantities.ts";

export async function withdraw(context: CliContext, names: readonly string[]): Promise<void> {
  await using lake = await context.openLake();
  const { withdrawn } = await withdrawBundles(lake, names, new Date());
  if (withdrawn === 0) {
    throw new CliFailure("None of these bundles lies in Bronze.", {
      next: `millrace sql "select name from bronze.bundle where withdrawn_at is null"`,
    });
  }
  context.output.result({ withdrawn }, (paint) =>
    [
      `${plural(withdrawn, "bundle")} withdrawn`,
      `${paint("dim", "next:")} millrace refresh --with-gold`,
    ].join("\n"),
  );
}
