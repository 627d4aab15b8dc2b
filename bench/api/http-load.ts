import { connect, type Socket } from "node:net";

const HEAD_END = "\r\n\r\n";
const ACCEPTED = "HTTP/1.1 202 ";

/**
 * Sends requests over kept connections, one at a time on each, and ends when all of them are answered. Plain sockets and
 * bytes made beforehand, so that what is measured is the server and not who asks it. Anything but a 202 is an error.
 */
export async function sendAll(url: URL, connections: number, requests: readonly Buffer[]): Promise<void> {
  const next = requests.values();
  const lines = Array.from({ length: connections }, () => new Line(url));
  await Promise.all(lines.map((line) => line.open()));
  try {
    await Promise.all(lines.map((line) => line.sendEach(next)));
  } finally {
    for (const line of lines) line.close();
  }
}

export function postRequest({ host }: URL, path: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}${HEAD_END}${body}`);
}

/** One connection. Its answers are read into one buffer, of which the head is looked at and the body counted. */
class Line {
  readonly #socket: Socket;
  #requests: Iterator<Buffer> | undefined;
  #head = "";
  /** Bytes of the body that are still to come; undefined: the head is not whole yet. */
  #bodyLeft: number | undefined;
  #resolve: () => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;

  constructor({ hostname, port }: URL) {
    const callback = (size: number, bytes: Uint8Array) => this.#read(bytes as Buffer, size);
    const onread = { buffer: Buffer.alloc(64 * 1024), callback };
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true, onread });
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => this.#socket.once("connect", resolve).once("error", reject));
  }

  sendEach(requests: Iterator<Buffer>): Promise<void> {
    this.#requests = requests;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.once("error", reject);
      this.#socket.once("close", () => reject(new Error("The API closed the connection")));
      this.#send();
    });
  }

  close() {
    this.#socket.destroy();
  }

  #send() {
    const { done, value } = this.#requests?.next() ?? { done: true };
    if (done) this.#resolve();
    else this.#socket.write(value);
  }

  #read(bytes: Buffer, size: number): boolean {
    let at = 0;
    if (this.#bodyLeft === undefined) {
      const before = this.#head.length;
      this.#head += bytes.toString("latin1", 0, size);
      const end = this.#head.indexOf(HEAD_END);
      if (end < 0) return true;
      at = end + HEAD_END.length - before;
      if (!this.#takeHead(this.#head.slice(0, end))) return false;
    }
    this.#bodyLeft = (this.#bodyLeft ?? 0) - (size - at);
    if (this.#bodyLeft === 0) this.#next();
    return true;
  }

  #takeHead(head: string): boolean {
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (head.startsWith(ACCEPTED) && length !== undefined) {
      this.#bodyLeft = Number(length);
      return true;
    }
    this.#reject(new Error(`The API answered ${head.split("\r\n", 1)[0]}, with the length ${length}`));
    return false;
  }

  #next() {
    this.#head = "";
    this.#bodyLeft = undefined;
    this.#send();
  }
}
