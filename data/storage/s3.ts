import { rm } from "node:fs/promises";
import { extname } from "node:path";
import type { S3Client } from "@aws-sdk/client-s3";
import { NotFoundError } from "../errors.ts";
import { openCache } from "./cache.ts";
import { checkKey, checkPrefix } from "./key.ts";
import type { CacheOptions, S3Options } from "./open-storage.ts";
import { answerOf, connectS3, requestError } from "./s3-client.ts";
import { conditionalCreate } from "./s3-create.ts";
import { ownFolder, parseS3, type S3Place, send } from "./s3-place.ts";
import { collect, readObject } from "./s3-read.ts";
import { uploadFile, uploadStream, uploadWhole } from "./s3-upload.ts";
import type { Storage, StoredObject } from "./storage.ts";

/** A bucket, or a part of one. Objects that never change are kept in a local cache, from where DuckDB reads them. */
export function openS3(url: string, options: S3Options, cacheOptions: CacheOptions): Storage {
  const { bucket, prefix } = parseS3(url);
  let connected: Promise<S3Client> | undefined;
  const place: S3Place = {
    client: () => (connected ??= connectS3(options)),
    bucket,
    prefix,
    url: `s3://${bucket}${prefix === "" ? "" : `/${prefix.slice(0, -1)}`}`,
  };
  const cache = openCache(cacheOptions, `${options.endpoint ?? ""} ${place.url}`);
  const creation = conditionalCreate(place);

  return {
    url: place.url,
    cacheBytes: cacheOptions.maxBytes,
    get: async (key) => collect(readObject(place, checkKey(key))),
    async getRange(key, start, end) {
      // Some servers do not know ranges from the end; the size and a range from the start do the same.
      const from = start < 0 ? Math.max(0, (await sizeOf(place, key)) + start) : start;
      if (end !== undefined && end <= from) return Buffer.alloc(0);
      return collect(readObject(place, checkKey(key), { start: from, end }));
    },
    read: async (key) => readObject(place, checkKey(key)),
    async put(key, body) {
      checkKey(key);
      if (typeof body !== "string" && !(body instanceof Uint8Array)) return uploadStream(place, key, body);
      return uploadWhole(place, key, body);
    },
    putIfAbsent: (key, body) => creation.create(checkKey(key), body),
    async draft(key) {
      checkKey(key);
      const path = await cache.temporaryPath(extname(key));
      return {
        path,
        async publish() {
          const published = await uploadFile(place, key, path);
          await cache.adopt(key, path);
          return published;
        },
        discard: () => rm(path, { force: true }),
      };
    },
    list: (listed, { startAfter } = {}) => listObjects(place, checkPrefix(listed), startAfter),
    async delete(key) {
      await cache.forget(checkKey(key));
      const { DeleteObjectCommand } = await import("@aws-sdk/client-s3");
      await send(place, "Deleting", key, (client) =>
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key: prefix + key })),
      );
    },
    stat: (key) => headObject(place, checkKey(key)),
    localPath: (key) => cache.path(checkKey(key), async () => readObject(place, key)),
    async [Symbol.asyncDispose]() {
      if (connected) (await connected).destroy();
    },
  };
}

async function headObject(place: S3Place, key: string): Promise<StoredObject | undefined> {
  const { HeadObjectCommand } = await import("@aws-sdk/client-s3");
  const client = await place.client();
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket: place.bucket, Key: place.prefix + key }));
    return { key, sizeBytes: head.ContentLength ?? 0, modifiedAt: head.LastModified ?? new Date(0) };
  } catch (error) {
    if (answerOf(error).status === 404) return undefined;
    throw requestError(place.url, "Looking for", key, error);
  }
}

async function sizeOf(place: S3Place, key: string): Promise<number> {
  const found = await headObject(place, checkKey(key));
  if (!found) throw new NotFoundError(`There is no ${key} in ${place.url}.`);
  return found.sizeBytes;
}

async function* listObjects(
  place: S3Place,
  listed: string,
  startAfter: string | undefined,
): AsyncGenerator<StoredObject> {
  const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
  let token: string | undefined;
  do {
    const page = await send(place, "Listing", listed, (client) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: place.bucket,
          Prefix: place.prefix + listed,
          ...(startAfter && token === undefined && { StartAfter: place.prefix + startAfter }),
          ...(token !== undefined && { ContinuationToken: token }),
        }),
      ),
    );
    for (const { Key = "", Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
      const key = Key.slice(place.prefix.length);
      const isObject = !key.endsWith("/") && key !== "" && !key.startsWith(ownFolder);
      if (isObject && (startAfter === undefined || key !== startAfter))
        yield { key, sizeBytes: Size, modifiedAt: LastModified };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}
