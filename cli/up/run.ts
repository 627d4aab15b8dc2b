import { ensureRedis } from "../../queues/redis/ensure-redis.ts";
import { placeOf } from "../../queues/redis/facts.ts";
import { serverFolder } from "../../queues/redis/server-folder.ts";
import type { UpOptions } from "../commands/up.ts";
import type { CliContext } from "../context.ts";
import { CliFailure, exitCodes } from "../failure.ts";
import type { Paint } from "../paint.ts";
import { logView } from "../processes/log-view.ts";
import { duration } from "../quantities.ts";
import { Household } from "./household.ts";
import { memberSpecs } from "./members.ts";
import { watchStarter } from "./starter.ts";

/** Runs the whole cluster on this machine until it is told to stop. */
export async function up(context: CliContext, options: UpOptions): Promise<void> {
  const startedAt = Date.now();
  const settings = context.config();
  const { output } = context;
  const dir = serverFolder(settings.lakeUrl, settings.cache.dir);
  // Held to the end, so that Redis outlives everyone who still hands work back.
  await using redis = await ensureRedis({ redisUrl: settings.redisUrl, dir });

  const logs = output.json ? output.streams.stderr : output.streams.stdout;
  const members = memberSpecs(context, options);
  const log = logView({
    names: ["up", ...members.map(({ name }) => name)],
    paint: output.json ? output.paintError : output.paint,
    raw: options.jsonLogs === true,
    leastLevel: settings.logLevel,
    write: (text) => logs.write(text),
  });
  const household = new Household(members, { log, graceMs: options.grace * 1000 });
  using _signals = listenForSignals(household);
  using _starter = watchStarter(
    context.env,
    () => void household.stop({ why: "npm, which started this, is gone" }),
  );

  const opened = await household.start();
  if (opened) {
    const places = addressesOf(opened.apiUrl, placeOf(redis.url));
    const document = { ...places, lake: settings.lakeUrl, pools: options.pools, pid: process.pid };
    output.result(document, (paint) =>
      welcome(
        { ...places, lake: settings.lakeUrl, pid: `${process.pid}` },
        `ready in ${duration(Date.now() - startedAt)}`,
        paint,
      ),
    );
  }
  const end = await household.ended;
  if (end.failure) throw end.failure;
  if (end.hurried) {
    throw new CliFailure("The processes were killed; what they held runs again.", {
      exitCode: exitCodes.interrupted,
    });
  }
  output.say("stopped");
}

function addressesOf(api: string, redis: string) {
  return { api, docs: `${api}/docs`, board: `${api}/board`, redis };
}

function welcome(places: Readonly<Record<string, string>>, head: string, paint: Paint): string {
  const lines = Object.entries(places).map(([name, place]) => `  ${paint("dim", name.padEnd(6))} ${place}`);
  return ["", `  ${paint("bold", "millrace")} ${paint("green", head)}`, ...lines, ""].join("\n");
}

/** The first signal ends everything in order, the second at once. */
function listenForSignals(household: Household): Disposable {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onSignal = () => {
    if (household.stopping) household.killNow();
    else void household.stop();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
