import { ensureRedis, type RedisOptions } from "../../../queues/redis/ensure-redis.ts";

// A process that uses Redis: says what it got in one line of JSON, and leaves when its input ends.
try {
  const lease = await ensureRedis(JSON.parse(process.argv[2] ?? "{}") as RedisOptions);
  process.stdout.write(`${JSON.stringify({ url: lease.url, source: lease.source })}\n`);
  process.stdin.resume();
  process.stdin.on("end", () => lease.close());
} catch (error) {
  process.stdout.write(
    `${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`,
  );
}
