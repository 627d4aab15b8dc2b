import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import type { CompletedPart, S3Client } from "@aws-sdk/client-s3";
import { type S3Place, send } from "./s3-place.ts";
import type { StoredObject } from "./storage.ts";

/** Ten thousand parts, the most there can be, make 160 GB; what is smaller than a part goes in one request. */
const PART_BYTES = 16 * 1024 ** 2;
/** Parts on their way at a time; with their size this bounds the memory of an upload. */
const PARTS_AT_ONCE = 4;

export async function uploadWhole(
  place: S3Place,
  key: string,
  body: Uint8Array | string,
): Promise<StoredObject> {
  if (Buffer.byteLength(body) > PART_BYTES) return uploadParts(place, key, slices(Buffer.from(body)));
  return putObject(place, key, body);
}

/** A stream's length is not known before its end: one that fits into a part is no multipart upload. */
export async function uploadStream(place: S3Place, key: string, body: Readable): Promise<StoredObject> {
  return uploadParts(place, key, partsOf(body));
}

export async function uploadFile(place: S3Place, key: string, path: string): Promise<StoredObject> {
  return uploadStream(place, key, createReadStream(path, { highWaterMark: 1024 ** 2 }));
}

async function putObject(place: S3Place, key: string, body: Uint8Array | string): Promise<StoredObject> {
  const { PutObjectCommand } = await import("@aws-sdk/client-s3");
  await send(place, "Writing", key, (client) =>
    client.send(
      new PutObjectCommand({ Bucket: place.bucket, Key: place.prefix + key, Body: Buffer.from(body) }),
    ),
  );
  return { key, sizeBytes: Buffer.byteLength(body), modifiedAt: new Date() };
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let from = 0; from < body.length; from += PART_BYTES) yield body.subarray(from, from + PART_BYTES);
}

async function* partsOf(body: Readable): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    chunks.push(Buffer.from(chunk));
    sizeBytes += chunks.at(-1)?.length ?? 0;
    while (sizeBytes >= PART_BYTES) {
      const whole = Buffer.concat(chunks);
      yield whole.subarray(0, PART_BYTES);
      chunks = [whole.subarray(PART_BYTES)];
      sizeBytes -= PART_BYTES;
    }
  }
  if (sizeBytes > 0) yield Buffer.concat(chunks);
}

async function uploadParts(
  place: S3Place,
  key: string,
  parts: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<StoredObject> {
  let upload: MultipartUpload | undefined;
  let held: Buffer | undefined;
  try {
    for await (const part of parts) {
      if (held) {
        upload ??= await MultipartUpload.begin(place, key);
        await upload.add(held);
      }
      held = part;
    }
    if (!upload) return await putObject(place, key, held ?? Buffer.alloc(0));
    if (held) await upload.add(held);
    return await upload.complete();
  } catch (error) {
    await upload?.abort();
    throw error;
  }
}

class MultipartUpload {
  readonly #place: S3Place;
  readonly #key: string;
  readonly #id: string;
  readonly #parts: CompletedPart[] = [];
  readonly #running = new Set<Promise<void>>();
  #sizeBytes = 0;
  #count = 0;

  private constructor(place: S3Place, key: string, id: string) {
    this.#place = place;
    this.#key = key;
    this.#id = id;
  }

  static async begin(place: S3Place, key: string): Promise<MultipartUpload> {
    const { CreateMultipartUploadCommand } = await import("@aws-sdk/client-s3");
    const created = await send(place, "Writing", key, (client) =>
      client.send(new CreateMultipartUploadCommand({ Bucket: place.bucket, Key: place.prefix + key })),
    );
    return new MultipartUpload(place, key, created.UploadId ?? "");
  }

  /** Returns when there is room for the next part; a part that failed makes a later call fail. */
  async add(body: Buffer): Promise<void> {
    this.#count += 1;
    this.#sizeBytes += body.length;
    const sending = this.#send(this.#count, body);
    const settled = sending.finally(() => this.#running.delete(settled));
    settled.catch(() => undefined);
    this.#running.add(settled);
    if (this.#running.size >= PARTS_AT_ONCE) await Promise.race(this.#running);
  }

  async complete(): Promise<StoredObject> {
    await Promise.all(this.#running);
    const { CompleteMultipartUploadCommand } = await import("@aws-sdk/client-s3");
    const Parts = this.#parts.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    if (Parts.length !== this.#count) throw new Error(`a part of ${this.#key} was not taken`);
    await this.#request((client, target) =>
      client.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts } })),
    );
    return { key: this.#key, sizeBytes: this.#sizeBytes, modifiedAt: new Date() };
  }

  /** Parts of an upload that is not completed are paid for until it is aborted; failing here hides no error. */
  async abort(): Promise<void> {
    const { AbortMultipartUploadCommand } = await import("@aws-sdk/client-s3");
    await Promise.allSettled(this.#running);
    await this.#request((client, target) => client.send(new AbortMultipartUploadCommand(target))).catch(
      () => undefined,
    );
  }

  async #send(PartNumber: number, Body: Buffer): Promise<void> {
    const { UploadPartCommand } = await import("@aws-sdk/client-s3");
    const { ETag } = await this.#request((client, target) =>
      client.send(new UploadPartCommand({ ...target, PartNumber, Body })),
    );
    this.#parts.push({ PartNumber, ...(ETag !== undefined && { ETag }) });
  }

  #request<Answer>(
    request: (client: S3Client, target: { Bucket: string; Key: string; UploadId: string }) => Promise<Answer>,
  ): Promise<Answer> {
    const target = { Bucket: this.#place.bucket, Key: this.#place.prefix + this.#key, UploadId: this.#id };
    return send(this.#place, "Writing", this.#key, (client) => request(client, target));
  }
}
