import { Readable } from "node:stream";
import { answerOf, requestError } from "./s3-client.ts";
import type { S3Place } from "./s3-place.ts";

/** How often a body that breaks off is asked for again from where it broke. */
const RESUMES = 4;

interface Range {
  readonly start: number;
  readonly end: number | undefined;
}

/** The object's bytes as they come. A connection that breaks is taken up where it broke, if the object is the same. */
export function readObject(place: S3Place, key: string, range?: Range): Readable {
  return Readable.from(bytesOf(place, key, range), { objectMode: false });
}

async function* bytesOf(place: S3Place, key: string, range: Range | undefined): AsyncGenerator<Uint8Array> {
  let received = 0;
  let first: { etag: string | undefined; start: number } | undefined;
  for (let resumes = 0; ; resumes += 1) {
    const wanted = first ? { start: first.start + received, end: range?.end } : range;
    const answer = await request(place, key, wanted, first?.etag);
    if (!answer) return;
    first ??= { etag: answer.etag, start: answer.start };
    try {
      for await (const chunk of answer.body) {
        received += chunk.length;
        yield chunk;
      }
      if (received >= answer.start - first.start + answer.sizeBytes) return;
      throw new Error("the body ended early");
    } catch (error) {
      if (resumes >= RESUMES) throw requestError(place.url, "Reading", key, error);
    }
  }
}

interface Answer {
  readonly body: AsyncIterable<Uint8Array>;
  readonly sizeBytes: number;
  readonly etag: string | undefined;
  /** Where in the object the body begins. */
  readonly start: number;
}

/** Undefined when the range lies past the object's end. */
async function request(
  place: S3Place,
  key: string,
  range: Range | undefined,
  etag: string | undefined,
): Promise<Answer | undefined> {
  const { GetObjectCommand } = await import("@aws-sdk/client-s3");
  const client = await place.client();
  try {
    const answer = await client.send(
      new GetObjectCommand({
        Bucket: place.bucket,
        Key: place.prefix + key,
        ...(range && { Range: header(range) }),
        ...(etag !== undefined && { IfMatch: etag }),
      }),
    );
    if (!(answer.Body instanceof Readable)) throw new Error("the answer has no body");
    return {
      body: answer.Body,
      sizeBytes: answer.ContentLength ?? 0,
      etag: answer.ETag,
      start: Number(/^bytes (\d+)-/.exec(answer.ContentRange ?? "")?.[1] ?? 0),
    };
  } catch (error) {
    if (answerOf(error).status === 416) return undefined;
    throw requestError(place.url, "Reading", key, error);
  }
}

function header({ start, end }: Range): string {
  return `bytes=${start}-${end === undefined ? "" : end - 1}`;
}

export async function collect(body: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
