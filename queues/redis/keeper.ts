import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { readAddress, type ServerAddress, urlOf, writeAddress } from "./address-file.ts";
import { KeeperOrder } from "./keeper-order.ts";
import { adoptServer, freePort, type Server, type SpawnedServer, spawnServer } from "./server.ts";
import { type Turn, takeTurn } from "./turn.ts";

const TICK_MS = 250;
const STARTS_ON_ONE_PORT = 5;

/**
 * A process of its own that keeps one server: starts it or takes over one that lost its keeper, starts it
 * again when it dies, and ends it when nobody has been connected for a while. It outlives whoever started
 * it, so the server belongs to all of its users alike.
 */
async function keep(order: KeeperOrder): Promise<void> {
  const turn = await takeTurn(order.dir);
  if (!turn) return;
  let stopping = false;
  process.on("SIGTERM", () => {
    stopping = true;
  });

  const kept = await begin(order);
  try {
    await keepUp(order, turn, kept, () => stopping);
  } catch (error) {
    // Removed while we wrote to it: as good as removed between two looks.
    if (!(await isGone(order.dir))) throw error;
    kept.server.kill();
  }
}

async function keepUp(order: KeeperOrder, turn: Turn, kept: Kept, isStopping: () => boolean): Promise<void> {
  let usedAt = Date.now();
  for (;;) {
    await pause(TICK_MS);
    if (!(await stillThere(order.dir, turn))) return kept.server.kill();
    if (!isStopping() && !(await kept.server.isRunning())) {
      kept.client.disconnect();
      Object.assign(kept, await start(order, kept.address));
      usedAt = Date.now();
    }
    if ((await countUsers(kept.client)) !== 0) usedAt = Date.now();
    if (!isStopping() && Date.now() - usedAt < order.idleMs) continue;
    if (await close(order.dir, kept, isStopping())) return;
    usedAt = Date.now();
  }
}

/** The server of now: after a start it is another one. */
interface Kept {
  address: ServerAddress;
  server: Server;
  client: Redis;
}

async function begin(order: KeeperOrder): Promise<Kept> {
  const before = await readAddress(order.dir);
  const server = before && (await adoptServer(before));
  if (before && server) return open(order.dir, { ...before, keeper: process.pid }, server);
  return start(order, await newAddress(before));
}

async function start({ dir, program }: KeeperOrder, wanted: ServerAddress): Promise<Kept> {
  let address = wanted;
  for (let starts = 1; ; starts++) {
    // Written first: if this process dies now, the next one finds the server by it.
    await writeAddress(dir, { ...address, ready: false });
    let server: SpawnedServer | undefined;
    try {
      server = await spawnServer(dir, program, address);
      address = { ...address, server: server.identity };
      await writeAddress(dir, address);
      await server.whenReady();
      return await open(dir, address, server);
    } catch (error) {
      server?.kill();
      if (starts > STARTS_ON_ONE_PORT || (await isGone(dir))) throw error;
      if (starts === STARTS_ON_ONE_PORT) address = { ...address, port: await freePort() };
      await pause(TICK_MS);
    }
  }
}

/** The port and the password of last time, for clients that still wait for them. */
async function newAddress(before: ServerAddress | undefined): Promise<ServerAddress> {
  return {
    port: before?.port ?? (await freePort()),
    password: before?.password ?? randomBytes(24).toString("hex"),
    keeper: process.pid,
    server: null,
    ready: false,
  };
}

async function open(dir: string, address: ServerAddress, server: Server): Promise<Kept> {
  const client = new Redis(urlOf(address), {
    connectionName: "millrace-keeper",
    commandTimeout: 5_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => TICK_MS,
  });
  // The loop sees a lost server by its process; the client only has to come back.
  client.on("error", () => {});
  await writeAddress(dir, { ...address, ready: true });
  return { address, server, client };
}

/** Connections other than ours; undefined while the server gives no answer. */
async function countUsers(client: Redis): Promise<number | undefined> {
  const list = await client.client("LIST").catch(() => undefined);
  if (typeof list !== "string") return undefined;
  return list.split("\n").filter((line) => line !== "" && !/ name=millrace-(keeper|check) /.test(line))
    .length;
}

/**
 * Ends the server, unless somebody came. The address is withdrawn before the last look, and a user looks at
 * it again after connecting: so either we see the user, or the user sees that we are leaving.
 */
async function close(dir: string, { address, client, server }: Kept, stopping: boolean): Promise<boolean> {
  await writeAddress(dir, { ...address, ready: false });
  if (!stopping && (await countUsers(client)) !== 0) {
    await writeAddress(dir, { ...address, ready: true });
    return false;
  }
  // The answer to SHUTDOWN is that the connection ends.
  await client.call("SHUTDOWN").catch(() => undefined);
  client.disconnect();
  for (let waitedMs = 0; await server.isRunning(); waitedMs += 50) {
    if (waitedMs > 10_000) server.kill();
    await pause(50);
  }
  return true;
}

/** False when the folder has been removed under us: then nobody can find the server any more. */
async function stillThere(dir: string, turn: Turn): Promise<boolean> {
  try {
    await turn.touch();
    return true;
  } catch (error) {
    if (await isGone(dir)) return false;
    throw error;
  }
}

/** Nobody finds a server whose address is nowhere. */
async function isGone(dir: string): Promise<boolean> {
  return (await readAddress(dir)) === undefined;
}

await keep(KeeperOrder.parse(JSON.parse(process.argv[2] ?? "null")));
process.exit();
