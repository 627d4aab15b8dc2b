import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { crashPoints } from "../../../data/crash-point.ts";
import { Crew, type Hand } from "../crew.ts";
import { openFullDisk } from "../full-disk.ts";
import { SpoiledLine } from "../spoiled-line.ts";
import { productCluster, runProduct } from "./run.ts";
import { crewOrder, type Trouble } from "./trouble.ts";
import { zombies } from "./zombies.ts";

const killed: Trouble = {
  number: 21,
  of: 1,
  title: "its workers are killed at random",
  async befall(sources, random) {
    await using cluster = await productCluster();
    await using crew = await cluster.crew(2, crewOrder);
    const act = () => random.pick(crew.serving)?.signal("SIGKILL");
    const run = await runProduct(cluster, sources, { everyMs: 3_000, act });
    return { run, came: { says: `${crew.deaths} workers killed`, holds: crew.deaths > 3 } };
  },
};

/** Nothing is old enough in this work to be removed, so nobody passes that point. */
const points = crashPoints.filter((point) => point !== "vacuum-half-done");

/** One worker after the other dies at the next point of a write; its neighbour keeps the work going. */
const dying: Trouble = {
  number: 22,
  of: 2,
  title: "its workers die at the steps of a write",
  async befall(sources) {
    await using cluster = await productCluster();
    let next = 0;
    await using crew = new Crew(2, (slot) => {
      const point = slot === 0 ? points[next++ % points.length] : undefined;
      return cluster.hand({
        ...crewOrder,
        ...(point && { crashAt: { point, signal: "SIGKILL" as const } }),
      });
    });
    await crew.ready();
    let waiting: Hand | undefined;
    let spared = 0;
    // Whose point has not come for a while makes room for the next.
    const act = () => {
      const armed = crew.serving.find(({ order }) => order.crashAt);
      if (armed && armed === waiting) {
        armed.signal("SIGTERM");
        spared += 1;
      }
      waiting = armed;
    };
    const run = await runProduct(cluster, sources, { everyMs: 3_000, act });
    const deaths = crew.deaths - spared;
    return { run, came: { says: `${deaths} deaths at named points`, holds: deaths > 5 } };
  },
};

const redisKilled: Trouble = {
  number: 24,
  of: 5,
  title: "its Redis is killed and comes back with its file",
  async befall(sources) {
    await using cluster = await productCluster();
    await using crew = await cluster.crew(2, crewOrder);
    let outages = 0;
    const act = async () => {
      await cluster.redis.kill();
      await pause(3_000);
      await cluster.redis.start();
      outages += 1;
    };
    const run = await runProduct(cluster, sources, { everyMs: 2_500, act });
    const says = `${outages} outages of 3 s, ${crew.deaths} workers ended`;
    return { run, came: { says, holds: outages > 2 && crew.deaths === 0 } };
  },
};

const redisEmptied: Trouble = {
  number: 25,
  of: 6,
  title: "all that its Redis holds is deleted",
  async befall(sources) {
    await using cluster = await productCluster();
    await using _crew = await cluster.crew(2, crewOrder);
    let times = 0;
    const act = async () => {
      await cluster.queues.redis.flushall();
      times += 1;
      // What is younger than five seconds may be on its way and is left to the next look.
      await pause(6_000);
      await cluster.reconcile();
    };
    const run = await runProduct(cluster, sources, { everyMs: 2_500, act });
    return { run, came: { says: `emptied ${times} times`, holds: times > 1 } };
  },
};

const cutOff: Trouble = {
  number: 26,
  of: 8,
  title: "one of its workers is cut off from Redis again and again",
  async befall(sources) {
    await using cluster = await productCluster();
    await using line = await SpoiledLine.start(cluster.redis.url);
    line.delayMs = 20;
    await using crew = new Crew(2, (slot) =>
      cluster.hand({ ...crewOrder, ...(slot === 0 && { redisUrl: line.url }) }),
    );
    await crew.ready();
    let cuts = 0;
    const act = async () => {
      line.dropping = true;
      await pause(4_000);
      line.dropping = false;
      line.breakAll();
      cuts += 1;
    };
    const run = await runProduct(cluster, sources, { everyMs: 2_000, act });
    return { run, came: { says: `${cuts} cuts of 4 s`, holds: cuts > 2 } };
  },
};

const askedOften: Trouble = {
  number: 27,
  of: 9,
  title: "each piece of it is asked for five times at once",
  async befall(sources) {
    await using cluster = await productCluster();
    await using _crew = await cluster.crew(2, crewOrder);
    const run = await runProduct(cluster, sources, undefined, 5);
    return { run, came: { says: "each job five times", holds: true } };
  },
};

const diskFull: Trouble = {
  number: 28,
  of: 12,
  title: "the disk of its lake is full now and then",
  async befall(sources) {
    await using disk = await openFullDisk(1_500, 256 * 1024);
    await using cluster = await productCluster(disk.dir ? { lakeDir: join(disk.dir, "lake") } : {});
    await using crew = await cluster.crew(2, crewOrder);
    let times = 0;
    const act = async () => {
      await disk.fill(crew.pids);
      await pause(2_000);
      await disk.makeRoom();
      times += 1;
    };
    const run = await runProduct(cluster, sources, { everyMs: 2_000, act });
    return { run, came: { says: `${disk.kind}, full ${times} times for 2 s`, holds: times > 1 } };
  },
};

const redisFull: Trouble = {
  number: 29,
  of: 13,
  title: "its Redis has no memory left now and then",
  async befall(sources) {
    await using cluster = await productCluster();
    await using _crew = await cluster.crew(2, crewOrder);
    const { redis } = cluster.queues;
    let times = 0;
    const act = async () => {
      await redis.config("SET", "maxmemory", "1mb");
      await pause(2_000);
      await redis.config("SET", "maxmemory", "0");
      times += 1;
    };
    const run = await runProduct(cluster, sources, { everyMs: 2_000, act });
    return { run, came: { says: `full ${times} times for 2 s`, holds: times > 1 } };
  },
};

const skewed: Trouble = {
  number: 30,
  of: 16,
  title: "the clocks of its workers differ by twenty minutes",
  async befall(sources) {
    await using cluster = await productCluster();
    await using crew = new Crew(2, (slot) =>
      cluster.hand({ ...crewOrder, skewMs: slot === 0 ? 600_000 : -600_000 }),
    );
    await crew.ready();
    const run = await runProduct(cluster, sources);
    return { run, came: { says: "one worker 10 min ahead, one 10 min behind", holds: true } };
  },
};

const deployed: Trouble = {
  number: 31,
  of: 17,
  title: "its workers are stopped by SIGTERM and replaced",
  async befall(sources) {
    await using cluster = await productCluster();
    await using crew = await cluster.crew(2, crewOrder);
    const act = () => crew.serving[0]?.signal("SIGTERM");
    const run = await runProduct(cluster, sources, { everyMs: 1_500, act });
    return { run, came: { says: `${crew.deaths} stops`, holds: crew.deaths > 3 } };
  },
};

/** In the order of the plan. */
export const troubles: readonly Trouble[] = [
  killed,
  dying,
  zombies,
  redisKilled,
  redisEmptied,
  cutOff,
  askedOften,
  diskFull,
  redisFull,
  skewed,
  deployed,
];
