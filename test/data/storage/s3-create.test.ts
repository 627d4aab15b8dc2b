import { join } from "node:path";
import { expect, test } from "vitest";
import { openStorage } from "../../../data/storage/open-storage.ts";
import type { Storage } from "../../../data/storage/storage.ts";
import { type ConditionalS3, startConditionalS3 } from "../../support/conditional-s3.ts";
import { temporaryFolder } from "../../support/folder.ts";
import { type S3Server, startS3 } from "../../support/s3.ts";

async function open({ endpoint, bucket }: S3Server): Promise<Storage> {
  return openStorage(`s3://${bucket}/table`, {
    s3: { endpoint, region: "us-east-1", pathStyle: true, anonymous: false },
    cache: { dir: join(await temporaryFolder(), "cache"), maxBytes: 1_000_000 },
  });
}

/** Only of the requests that create `key`: the probe of the server goes through. */
function onCreate(server: ConditionalS3, key: string, fault: NonNullable<ConditionalS3["fault"]>): void {
  server.fault = (request, perform) =>
    request.method === "PUT" && request.url?.includes(key) ? fault(request, perform) : undefined;
}

test("of many who create one object at once exactly one is told so, and its bytes are there", async () => {
  const server = await startConditionalS3();
  const writers = await Promise.all(Array.from({ length: 20 }, () => open(server)));

  const won = await Promise.all(
    writers.map((storage, writer) => storage.putIfAbsent("0.json", `writer ${writer}`)),
  );

  expect(won.filter(Boolean)).toHaveLength(1);
  expect(String(server.objects.get("table/0.json"))).toBe(`writer ${won.indexOf(true)}`);
});

test("a creation whose answer was lost is known for one's own by its bytes", async () => {
  const server = await startConditionalS3();
  await using storage = await open(server);
  let lost = 0;
  onCreate(server, "0.json", (_request, perform) => {
    if (lost > 0) return undefined;
    lost += 1;
    return perform().then(() => "dropped" as const);
  });

  expect(await storage.putIfAbsent("0.json", "mine")).toBe(true);
  expect(lost).toBe(1);
});

test("an object that another created while the own answer was lost is not taken for one's own", async () => {
  const server = await startConditionalS3();
  await using storage = await open(server);
  let lost = 0;
  onCreate(server, "0.json", async () => {
    lost += 1;
    server.objects.set("table/0.json", Buffer.from("theirs"));
    return "dropped" as const;
  });
  const creating = storage.putIfAbsent("0.json", "mine");

  await expect(creating).rejects.toThrow(/Creating 0\.json/);
  server.fault = undefined;
  expect(await storage.putIfAbsent("0.json", "mine")).toBe(false);
  expect(lost).toBeGreaterThan(1);
});

test("a conflict with a creation under way is tried again", async () => {
  const server = await startConditionalS3();
  await using storage = await open(server);
  let conflicts = 0;
  onCreate(server, "0.json", () => {
    conflicts += 1;
    return conflicts > 2 ? undefined : Promise.resolve({ status: 409, code: "ConditionalRequestConflict" });
  });

  expect(await storage.putIfAbsent("0.json", "mine")).toBe(true);
  expect(conflicts).toBe(3);
});

test("a server that overwrites in spite of the condition is refused before anything is lost", async () => {
  await using storage = await open(await startS3());
  await storage.put("0.json", "first");

  await expect(storage.putIfAbsent("0.json", "second")).rejects.toThrow(/ignores If-None-Match/);

  expect(String(await storage.get("0.json"))).toBe("first");
});

test("a refusal names the remedy and carries no signature", async () => {
  const server = await startConditionalS3();
  await using storage = await open(server);
  server.fault = async () => ({ status: 403, code: "AccessDenied" });

  const error: unknown = await storage.putIfAbsent("0.json", "x").catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({ message: expect.stringContaining("check the credentials") });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/Signature|AWS4/);
});
