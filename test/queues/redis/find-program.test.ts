import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { findProgram } from "../../../queues/redis/find-program.ts";
import { packageOf } from "../../../queues/redis/package-root.ts";
import { commandLine, hasPackages, packageSource, pathWithoutServers, putCommand } from "./machine.ts";
import { test as base } from "./users.ts";

const test = base.extend<{ box: string; path: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads this pattern to learn what the fixture needs.
  box: async ({}, use) => {
    const box = await mkdtemp(join(tmpdir(), "millrace-machine-"));
    await use(box);
    await rm(box, { recursive: true, force: true });
  },
  path: async ({ box }, use) => use(await pathWithoutServers(join(box, "bin"))),
});

describe("a server on PATH", () => {
  test.for(["redis-server", "valkey-server"])(
    "under the name %s is started",
    async (name, { box, path, start }) => {
      await putCommand(path, name, `exec ${await commandLine(await findProgram())} "$@"`);

      const user = await start({ cacheDir: join(box, "cache"), env: { PATH: path } });

      expect(user).toMatchObject({ source: "started" });
      expect(await readdir(box)).not.toContain("cache");
    },
  );

  test("older than 6.2 is passed over, and the message says so and what to type", async ({
    box,
    path,
    start,
  }) => {
    await putCommand(path, "redis-server", "echo Redis server v=5.0.7 sha=00000000:0");
    await rm(join(path, "apt-get"), { force: true });

    const user = await start({ cacheDir: join(box, "cache"), env: { PATH: path } });

    expect(user.error).toMatch(/redis-server on PATH is version 5\.0\.7, older than 6\.2/);
    for (const way of [
      "sudo apt-get install redis-server",
      "brew install valkey",
      "docker run",
      "REDIS_URL=",
    ]) {
      expect(user.error).toContain(way);
    }
  });
});

describe("a machine without a server", () => {
  test("and without apt-get gets one message with what to type", async ({ box, path, start }) => {
    await rm(join(path, "apt-get"), { force: true });

    const user = await start({ cacheDir: join(box, "cache"), env: { PATH: path } });

    expect(user.error).toMatch(/without apt-get none can be fetched/);
  });

  test("fetches the package and the libraries it lacks, starts it, and needs the source no more", async ({
    box,
    path,
    start,
  }) => {
    if (!(await hasPackages())) return expectMessage(await start({ env: { PATH: path } }));
    const cacheDir = join(box, "cache");
    const { apt, libraries } = await packageSource(join(box, "source"), await findProgram());
    await putCommand(path, "ldd", lddWithout(libraries));

    const user = await start({ cacheDir, apt, env: { PATH: path } });

    expect(user).toMatchObject({ source: "started" });
    expect(await readdir(cacheDir)).toEqual(["root"]);
    expect((await readdir(join(cacheDir, "root/usr/lib/beside"))).sort()).toEqual([...libraries].sort());

    await rm(join(box, "source"), { recursive: true });
    const other = join(box, "other");
    const later = await start({ dir: other, cacheDir, apt, env: { PATH: path } });
    expect(later).toMatchObject({ source: "started" });
    await later.leave();
  });

  test("takes no server whose libraries it cannot get", async ({ box, path, start }) => {
    if (!(await hasPackages())) return expectMessage(await start({ env: { PATH: path } }));
    const { apt } = await packageSource(join(box, "source"), await findProgram());
    await putCommand(path, "ldd", `printf '\\tlibnowhere.so.7 => not found\\n'`);

    const user = await start({ cacheDir: join(box, "cache"), apt, env: { PATH: path } });

    expect(user.error).toMatch(/fetching one failed: .*libnowhere/);
    expect(await readdir(join(box, "cache"))).toEqual([]);
  });

  test("may fetch twice at once", async ({ box, path, start }) => {
    if (!(await hasPackages())) return expectMessage(await start({ env: { PATH: path } }));
    const { apt } = await packageSource(join(box, "source"), await findProgram());
    const options = { cacheDir: join(box, "cache"), apt, env: { PATH: path } };

    const users = await Promise.all([start(options), start(options)]);

    expect(users.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(users[0]?.url).toBe(users[1]?.url);
  });
});

test.for([
  ["libjemalloc.so.2", "libjemalloc2"],
  ["libhiredis.so.0.14", "libhiredis0.14"],
  ["libssl.so.3", "libssl3t64"],
  ["liblua5.1.so.0", "liblua5.1-0"],
])("%s is looked for in %s", ([library = "", name = ""]) => {
  expect(
    packageOf(library, new Set(["libc6", "libjemalloc2", "libhiredis0.14", "libssl3t64", "liblua5.1-0"])),
  ).toBe(name);
});

/** The loader of a machine that has none of `libraries` itself: it finds what lies beside the server only. */
function lddWithout(libraries: readonly string[]): string {
  const names = libraries.join("|").replaceAll(".", "\\.");
  return `/usr/bin/ldd "$@" | sed -E '/usr\\/lib\\/beside/! s/^([[:space:]]*(${names})) => .*/\\1 => not found/'`;
}

function expectMessage(user: { readonly error?: string | undefined }): void {
  expect(user.error).toContain("Do one of these and start again");
}
