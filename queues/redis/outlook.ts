import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readAddress, urlOf } from "./address-file.ts";
import { askRedis, placeOf, type RedisFacts, refusalOf } from "./facts.ts";
import { findFetched } from "./fetch-program.ts";
import { type FindOptions, projectCache } from "./find-program.ts";
import { findOnPath } from "./program.ts";

/** Which step of the ladder `ensureRedis` would take now. */
export interface RedisOutlook {
  readonly step: "given" | "running" | "on-path" | "fetched" | "to-fetch" | "none";
  /** Of a server that runs; its address holds a password when it is ours. */
  readonly url?: string;
  readonly place?: string;
  readonly facts?: RedisFacts;
  /** Of a server that could be started. */
  readonly program?: string;
  /** Why it does not serve as it is. */
  readonly trouble?: string;
}

/** Looks without starting or fetching anything. */
export async function lookForRedis(
  options: FindOptions & { redisUrl?: string | undefined; dir: string },
): Promise<RedisOutlook> {
  if (options.redisUrl !== undefined) return lookAt("given", options.redisUrl);

  const address = await readAddress(options.dir);
  if (address?.ready) {
    const running = await lookAt("running", urlOf(address));
    if (running.facts) return running;
  }
  const { program, passedOver } = await findOnPath();
  if (program) return { step: "on-path", program: `${program.command} ${program.version}` };
  const fetched = await findFetched(options.cacheDir ?? projectCache);
  if (fetched) return { step: "fetched", program: `${fetched.command} ${fetched.version}` };
  const trouble = passedOver.length > 0 ? { trouble: passedOver.join("; ") } : {};
  return { step: (await canFetch()) ? "to-fetch" : "none", ...trouble };
}

async function lookAt(step: "given" | "running", url: string): Promise<RedisOutlook> {
  const place = placeOf(url);
  try {
    const facts = await askRedis(url, 3_000);
    const refusal = refusalOf(facts);
    return { step, url, place, facts, ...(refusal ? { trouble: refusal } : {}) };
  } catch (error) {
    return { step, url, place, trouble: error instanceof Error ? error.message : String(error) };
  }
}

async function canFetch(): Promise<boolean> {
  const run = promisify(execFile);
  return Promise.all([run("apt-get", ["--version"]), run("dpkg", ["--version"])]).then(
    () => true,
    () => false,
  );
}
