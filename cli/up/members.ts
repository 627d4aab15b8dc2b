import type { UpOptions } from "../commands/up.ts";
import type { CliContext } from "../context.ts";

/** One process of the cluster. */
export interface MemberSpec {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The API first, for it is what people wait for. */
export function memberSpecs(context: CliContext, { pools, concurrency }: UpOptions): MemberSpec[] {
  const { env } = context;
  const limit = concurrency === undefined ? [] : ["--concurrency", String(concurrency)];
  return [
    { name: "api", args: ["api"], env },
    { name: "scheduler", args: ["scheduler"], env },
    ...pools.map((pool) => ({ name: pool, args: ["worker", "--pool", pool, ...limit], env })),
  ];
}
