import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { Problem } from "./problem.ts";

/**
 * Reads a JSON body. The whole of it is a few kilobytes, which one small reader does in a third of the time of the
 * general one; a body that is larger than allowed is refused before it is read.
 */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  checkHeaders(request, maxBytes);
  const text = decode(await readBytes(request, maxBytes));
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem("malformed-json", error instanceof Error ? error.message : "It cannot be parsed.");
  }
}

/** A body as it was sent, for a route that reads it itself. */
export type BodyText = z.infer<typeof BodyText>;
export const BodyText = z.strictObject({ mediaType: z.string(), text: z.string() });

export async function readText(
  request: IncomingMessage,
  maxBytes: number,
  types: readonly string[],
): Promise<BodyText> {
  const mediaType = checkHeaders(request, maxBytes, types);
  return { mediaType, text: decode(await readBytes(request, maxBytes)) };
}

function checkHeaders(
  { headers }: IncomingMessage,
  maxBytes: number,
  types: readonly string[] = ["application/json"],
): string {
  const [type, ...parameters] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const media = type?.trim() ?? "";
  const charset = parameters.find((parameter) => parameter.trim().startsWith("charset="));
  if (!types.includes(media) && !media.endsWith("+json")) {
    throw new Problem("wrong-media-type", `Send the body with Content-Type: ${types.join(" or ")}.`);
  }
  if (charset && !/=\s*"?utf-?8"?\s*$/.test(charset))
    throw new Problem("wrong-media-type", "Send the body as UTF-8.");
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new Problem("wrong-media-type", "Send the body as it is, without Content-Encoding.");
  }
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  return media;
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("error", () => reject(cutOff()));
    request.on("close", () => {
      if (!request.readableEnded) reject(cutOff());
    });
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        chunks.length = 0;
        reject(tooLarge(maxBytes));
      } else chunks.push(chunk);
    });
    request.on("end", () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    });
  });
}

function cutOff(): Problem {
  return new Problem("bad-request", "The body ended before it was whole.");
}

/** A byte that is no UTF-8 would otherwise turn into a character that nobody sent. */
function decode(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (!text.includes("\uFFFD") || Buffer.from(text, "utf8").equals(bytes)) return text;
  throw new Problem("malformed-json", "The body is not UTF-8.");
}

/** Closing tells a caller who is still sending that nobody will read the rest. */
function tooLarge(maxBytes: number): Problem {
  return new Problem("too-large", `This path takes a body of at most ${maxBytes} bytes.`, {
    headers: { connection: "close" },
  });
}
