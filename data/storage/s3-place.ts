import type { S3Client } from "@aws-sdk/client-s3";
import { checkKey } from "./key.ts";
import { requestError } from "./s3-client.ts";

/** Where an object lies: the bucket, and the part of each name before the key. */
export interface S3Place {
  readonly client: () => Promise<S3Client>;
  readonly bucket: string;
  readonly prefix: string;
  readonly url: string;
}

/** Holds what is no object of the lake: the probe of `conditionalCreate`. */
export const ownFolder = ".tmp/";

export function parseS3(url: string): { bucket: string; prefix: string } {
  const [, bucket = "", path = ""] = /^s3[an]?:\/\/([^/]+)\/?(.*)$/i.exec(url) ?? [];
  const prefix = path.replace(/\/+$/, "");
  if (prefix !== "") checkKey(prefix);
  return { bucket, prefix: prefix === "" ? "" : `${prefix}/` };
}

/** Runs a request and gives its failure the words of `requestError`. */
export async function send<Answer>(
  { client, url }: S3Place,
  action: string,
  key: string,
  request: (client: S3Client) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await request(await client());
  } catch (error) {
    throw requestError(url, action, key, error);
  }
}
