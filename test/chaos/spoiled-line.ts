import { once } from "node:events";
import { createConnection, createServer, type Server, type Socket } from "node:net";

/** Stands between a client and Redis and spoils the line in the ways that lines are spoiled. */
export class SpoiledLine implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly upstream: Socket }>();
  readonly #target: number;
  /** Bytes go nowhere, in both directions, and no connection ends: a cable that was pulled. */
  dropping = false;
  delayMs = 0;
  /** The answer to what is sent next never arrives; the line is cut in its place. */
  cutAfterNext = false;
  cuts = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(redisUrl: string): Promise<SpoiledLine> {
    const proxy = new SpoiledLine(Number(new URL(redisUrl).port));
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `redis://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  #join(client: Socket): void {
    const upstream = createConnection(this.#target, "127.0.0.1");
    const pair = { client, upstream };
    this.#pairs.add(pair);
    let isCut = false;
    const end = () => {
      client.destroy();
      upstream.destroy();
      this.#pairs.delete(pair);
    };
    client.on("data", (bytes) => {
      if (this.cutAfterNext && /evalsha/i.test(bytes.toString("latin1"))) {
        this.cutAfterNext = false;
        isCut = true;
      }
      this.#pass(bytes, upstream);
    });
    upstream.on("data", (bytes) => {
      if (!isCut) this.#pass(bytes, client);
      else {
        this.cuts += 1;
        end();
      }
    });
    for (const socket of [client, upstream]) socket.on("error", end).on("close", end);
  }

  #pass(bytes: Buffer, to: Socket): void {
    if (this.dropping) return;
    if (this.delayMs === 0) to.write(bytes);
    else setTimeout(() => to.destroyed || to.write(bytes), this.delayMs);
  }

  /** Connections that lived through dropped bytes are of no more use. */
  breakAll(): void {
    for (const { client, upstream } of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  async [Symbol.asyncDispose]() {
    this.breakAll();
    this.#server.close();
    await once(this.#server, "close");
  }
}
