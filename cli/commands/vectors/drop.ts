import { dropIndex } from "../../../data/vectors/indexes.ts";
import type { CliContext } from "../../context.ts";

export async function dropVectors(context: CliContext, name: string): Promise<void> {
  await using lake = await context.openLake();
  await dropIndex(lake, name);
  context.output.result({ dropped: name }, (paint) => `${paint("green", "dropped")} ${name}`);
}
