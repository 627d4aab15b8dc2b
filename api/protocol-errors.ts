import { randomUUID } from "node:crypto";
import {
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { Problem, problemDocument, problems } from "./problem.ts";
import { dataHeaders } from "./security-headers.ts";
import { traceOf } from "./trace.ts";

/** How long what is still on its way is read after the answer: to close at once would make the caller lose the answer. */
const LINGER_MS = 500;

/** Node keeps the answer under way on the socket, and its own answer to such errors looks at it, too. */
type HttpSocket = Duplex & { readonly _httpMessage?: (ServerResponse & { req: IncomingMessage }) | null };

/** Answers what Node refuses before it is a request, as every other error is answered. */
export function answerProtocolErrors(server: Server, listener: RequestListener, log: Logger) {
  const seen = new WeakSet<Duplex>();

  const refuse = (socket: HttpSocket, problem: Problem, code: string, ownId: string) => {
    const pending = socket._httpMessage;
    if (!socket.writable || pending?.headersSent) return socket.destroy();
    // One that was sent whole gets its own answer first: the error is in what came after it.
    if (pending?.req.complete) return pending.once("finish", () => refuse(socket, problem, code, ownId));
    const requestId = pending ? traceOf(pending.req).id : ownId;
    end(socket, problem, requestId);
    log.info(
      { requestId, status: problems[problem.problem].status, code },
      "refused before it was a request",
    );
  };

  server.on("clientError", (error: Error & { code?: string }, socket: Duplex) => {
    const problem = problemOf(error.code);
    if (!problem) return socket.destroy();
    // What comes after the first error is read no more, and is an error again.
    if (seen.has(socket)) return;
    seen.add(socket);
    refuse(socket, problem, error.code ?? "", randomUUID());
  });
  server.on("connect", (request, socket) => {
    socket.on("error", () => socket.destroy());
    const headers = { allow: "GET, HEAD, POST, PUT, PATCH, DELETE" };
    const problem = new Problem("wrong-method", "This server is no proxy.", { headers });
    refuse(socket, problem, "CONNECT", traceOf(request).id);
  });
  server.on("checkExpectation", listener);
}

/** What Node would refuse with nothing but a status. HTTP/1.0 has neither header. */
export function checkProtocol({ headers, httpVersionMinor }: IncomingMessage) {
  if (httpVersionMinor === 0) return;
  if (headers.host === undefined)
    throw new Problem("bad-request", "Send a Host header.", { headers: closing });
  if (headers.expect === undefined || /(?:^|\W)100-continue(?:$|\W)/i.test(headers.expect)) return;
  throw new Problem("unknown-expectation", "The only one that is known is 100-continue.", {
    headers: closing,
  });
}

const closing = { connection: "close" };

/** None for a caller that is gone. */
function problemOf(code = ""): Problem | undefined {
  if (code === "HPE_HEADER_OVERFLOW")
    return new Problem("headers-too-large", "Send less than 16 KB of headers.");
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW")
    return new Problem("too-large", "Send chunks without extensions.");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new Problem("too-slow", "Send the headers within 10 s and the whole request within 60 s.");
  }
  return code.startsWith("HPE_")
    ? new Problem("bad-request", "Send HTTP/1.1, whole and well-formed.")
    : undefined;
}

function end(socket: Duplex, problem: Problem, requestId: string) {
  const { status } = problems[problem.problem];
  const body = JSON.stringify(problemDocument(problem, requestId));
  const headers = [
    ...dataHeaders,
    ...Object.entries(problem.headers).flat(),
    ...["x-request-id", requestId],
    ...["content-type", "application/problem+json; charset=utf-8"],
    ...["content-length", String(Buffer.byteLength(body))],
    ...["date", new Date().toUTCString()],
    ...["connection", "close"],
  ];
  const lines = headers.map((part, at) => (at % 2 === 0 ? `${part}: ` : `${part}\r\n`));
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${body}`);
  socket.resume();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
