import type { Lake } from "../data/lake.ts";
import type { PoolName } from "../queues/pools.ts";
import type { Cluster } from "./cluster.ts";
import { Output, type Streams } from "./output.ts";
import type { CliSettings } from "./settings.ts";

/** What every command is given. */
export interface CliContext {
  /** The settings, read and checked at the first call, so that help works in any environment. */
  config(): CliSettings;
  readonly output: Output;
  /** The environment to hand to a child process or to a main module; settings come from `config()`. */
  readonly env: NodeJS.ProcessEnv;
  openLake(): Promise<Lake>;
  /**
   * The queues, and somebody who works on `pools`: the cluster that is there or, with none configured or
   * running for this lake, one of our own that ends with the value returned.
   */
  openCluster(pools: readonly PoolName[]): Promise<Cluster>;
  /** The same terminal in another environment. */
  withSettings(changes: Readonly<Record<string, string>>): CliContext;
}

export function createContext(options: {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Streams;
  readonly readSettings: (env: NodeJS.ProcessEnv) => CliSettings;
}): CliContext {
  const { env, streams, readSettings } = options;
  return contextOf(env, new Output(streams, env), readSettings);
}

function contextOf(
  env: NodeJS.ProcessEnv,
  output: Output,
  readSettings: (env: NodeJS.ProcessEnv) => CliSettings,
): CliContext {
  let settings: CliSettings | undefined;
  const context: CliContext = {
    env,
    output,
    config() {
      settings ??= readSettings(env);
      return settings;
    },
    async openLake() {
      const { openLakeTables } = await import("./lake.ts");
      return openLakeTables(context.config());
    },
    async openCluster(pools) {
      const { openCluster } = await import("./cluster.ts");
      return openCluster(context, pools);
    },
    withSettings: (changes) => contextOf({ ...env, ...changes }, output, readSettings),
  };
  return context;
}
