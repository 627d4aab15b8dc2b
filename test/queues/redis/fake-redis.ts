import { once } from "node:events";
import { createServer, type Socket } from "node:net";

export interface FakeRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** A server that speaks enough of the protocol to be asked what it is, and answers INFO with `facts`. */
export async function fakeRedis(
  facts: Readonly<Record<string, string>>,
  before: (command: string) => Promise<void> = async () => {},
): Promise<FakeRedis> {
  const info = Object.entries(facts)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join("");
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", async (bytes) => {
      for (const command of commandsIn(String(bytes))) {
        await before(command);
        socket.write(replyTo(command, info));
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    port: address.port,
    url: `redis://:secret@127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** The names of the commands: each is an array whose first string follows `*n`. */
function commandsIn(text: string): string[] {
  return [...text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)].map(([, name = ""]) => name.toUpperCase());
}

function replyTo(command: string, info: string): string {
  if (command === "PING") return "+PONG\r\n";
  if (command === "HELLO") return "%1\r\n$5\r\nproto\r\n:3\r\n";
  return command === "INFO" ? `$${Buffer.byteLength(info)}\r\n${info}\r\n` : "+OK\r\n";
}
