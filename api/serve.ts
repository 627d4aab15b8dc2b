import { once, setMaxListeners } from "node:events";
import { createServer, type Server } from "node:http";
import { collectDefaultMetrics, Registry } from "prom-client";
import { reach } from "../queues/reach.ts";
import { isLoopback } from "./access.ts";
import { createAccessLog } from "./access-log.ts";
import { createApp } from "./app.ts";
import { clusterMetrics } from "./cluster-metrics.ts";
import type { AnyRoute, ApiServices } from "./define-route.ts";
import { watchEventLoop } from "./event-loop-lag.ts";
import { httpMetrics } from "./http-metrics.ts";
import { type KeyRing, openKeyRing } from "./key-ring.ts";
import { watchLake } from "./lake-state.ts";
import { answerProtocolErrors } from "./protocol-errors.ts";
import { RateLimit } from "./rate-limit.ts";
import { watchRedis } from "./redis-state.ts";
import { mendBrokenIndexes } from "./vector-mending.ts";

const DRAIN_MS = 10_000;
const MOST_CONNECTIONS = 10_000;

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  readonly keysFile?: string | undefined;
  /** Requests a minute for one key or address. */
  readonly rateLimit: number;
  readonly routes: Readonly<Record<string, AnyRoute>>;
  readonly services: ApiServices;
}

export interface RunningApi extends AsyncDisposable {
  readonly url: string;
}

/** Serves the API until it is disposed, which first lets the requests under way be answered. */
export async function serveApi(options: ApiOptions): Promise<RunningApi> {
  const { host, port, services, routes } = options;
  const keys = openKeys(options);
  const { queues, log } = services;
  mendBrokenIndexes(services);
  const redis = await watchRedis(() => reach(queues, () => queues.redis.ping()), log);
  const eventLoop = watchEventLoop();
  const closing = new AbortController();
  // Every request under way may listen; Node takes more than ten for a leak.
  setMaxListeners(0, closing.signal);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  const listener = createApp({
    services,
    routes,
    redis,
    keys,
    rateLimit: new RateLimit(options.rateLimit),
    accessLog: createAccessLog(log, httpMetrics(registry)),
    closing: closing.signal,
    probes: {
      redis,
      eventLoop,
      registry,
      lakeTakesWrites: watchLake(services.lake.storage),
      readCluster: clusterMetrics(registry, redis),
    },
  });
  const server = createServer(limits, listener);
  answerProtocolErrors(server, listener, log);
  server.maxConnections = MOST_CONNECTIONS;
  server.listen(port, host);
  await once(server, "listening");

  return {
    url: urlOf(server, host),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await drain(server);
      redis[Symbol.dispose]();
      eventLoop[Symbol.dispose]();
      keys?.[Symbol.dispose]();
      registry.clear();
    },
  };
}

/** A caller who is slow to say what he wants is cut off; one that keeps a connection may, for longer than proxies do. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 65_000,
  // We look for it ourselves: Node's own answer would say nothing.
  requireHostHeader: false,
};

function openKeys({ host, keysFile, services }: ApiOptions): KeyRing | undefined {
  if (keysFile === undefined) {
    if (isLoopback(host)) return undefined;
    throw new Error(
      `The API will not listen on ${host} without keys: anyone who reaches the port could do anything. ` +
        "Set API_KEYS_FILE and make a key with: millrace keys create NAME --role admin",
    );
  }
  const ring = openKeyRing(keysFile, services.log);
  if (ring.keys().length > 0) return ring;
  ring[Symbol.dispose]();
  throw new Error(
    `There are no keys in ${keysFile}, so nobody could call the API. ` +
      "Make one with: millrace keys create NAME --role admin",
  );
}

async function drain(server: Server) {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const enough = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(enough);
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no TCP address");
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}
