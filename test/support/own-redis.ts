import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { findProgram } from "../../queues/redis/find-program.ts";
import { freePort } from "../../queues/redis/server.ts";

/** A Redis whose file has what it has answered, as ours always does, for tests that kill it or empty it. */
export class OwnRedis implements AsyncDisposable {
  readonly url: string;
  readonly #dir: string;
  readonly #port: number;
  readonly #extra: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(dir: string, port: number, extra: readonly string[]) {
    this.#dir = dir;
    this.#port = port;
    this.#extra = extra;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(dir: string, extra: readonly string[] = []): Promise<OwnRedis> {
    const redis = new OwnRedis(dir, await freePort(), extra);
    await redis.start();
    return redis;
  }

  /** On the same port with the same file. */
  async start(): Promise<void> {
    const { command, libraryPath } = await findProgram();
    const settings = [
      "--port",
      String(this.#port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "yes",
      "--appendfsync",
      "always",
      ...this.#extra,
    ];
    // Where its file may not grow, a write fails as on a full disk, in place of a signal that ends the process.
    const server = spawn("sh", ["-c", 'trap "" XFSZ; exec "$0" "$@"', command, ...settings], {
      cwd: this.#dir,
      stdio: ["ignore", "pipe", "ignore"],
      ...(libraryPath ? { env: { LD_LIBRARY_PATH: libraryPath } } : {}),
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.on("error", reject);
      server.stdout.on("data", (bytes) => {
        if (String(bytes).includes("Ready to accept connections")) resolve();
      });
    });
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Stops it for a while, or lets it go on. */
  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#server?.kill(name);
  }

  async kill(): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGKILL");
    await once(server, "exit");
  }

  async [Symbol.asyncDispose]() {
    await this.kill();
  }
}
