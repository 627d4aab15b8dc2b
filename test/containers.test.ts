import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { commands } from "../cli/commands.ts";
import { createContext } from "../cli/context.ts";
import { nodeFlags } from "../cli/processes/node-flags.ts";
import { fill } from "../cli/program.ts";
import { readConfig, settingNames } from "../config.ts";
import { poolNames } from "../queues/pools.ts";

const run = promisify(execFile);

const Service = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  init: z.literal(true),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  stop_grace_period: z.string(),
  healthcheck: z.looseObject({ test: z.array(z.string()) }),
  volumes: z.array(z.string()).optional(),
  secrets: z.array(z.unknown()).optional(),
  configs: z.array(z.unknown()).optional(),
});
const Compose = z.looseObject({
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.null()),
});

const { services, volumes } = Compose.parse(
  parse(readFileSync("docker-compose.yml", "utf8"), { merge: true }),
);
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);
const dockerfile = readFileSync("Dockerfile", "utf8");

const compose = await run("docker", ["compose", "version", "--short"]).then(
  ({ stdout }) => stdout.trim(),
  () => undefined,
);

/** Read by the AWS client itself. */
const awsNames = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

describe("docker-compose.yml", () => {
  test("has the queue, the API, the scheduler and one service for each pool", () => {
    expect(Object.keys(services)).toEqual(["queue", "api", "scheduler", ...poolNames]);
  });

  test.each(poolNames)("%s serves its own pool", (pool) => {
    expect(services[pool]?.command).toEqual(["worker", "--pool", pool]);
  });

  test.each(ours)("%s hands on settings that exist, each well-formed", (_name, { environment }) => {
    expect([...settingNames, ...awsNames]).toEqual(expect.arrayContaining(Object.keys(environment)));
    const fixed = Object.entries(environment).flatMap(([name, value]) =>
      value === null ? [] : [[name, value.replace(/\$\{[^:}]+:-([^}]*)\}/, "$1")]],
    );
    expect(() => readConfig(Object.fromEntries(fixed))).not.toThrow();
  });

  test.each(ours)("%s starts when the queue is healthy, and says whether it lives", async (name, service) => {
    expect(service.depends_on).toEqual({ queue: { condition: "service_healthy" } });
    const [form, program, script, ...check] = service.healthcheck.test;
    expect([form, program, script]).toEqual(["CMD", "node", "cli/millrace.js"]);
    expect(existsSync(script ?? "")).toBe(true);
    expect(await unknownParts(check)).toEqual([]);
    expect(check).toContain(poolNames.some((pool) => pool === name) ? "worker" : name);
  });

  test.each(ours)("%s runs a command that the terminal has", async (_name, { command }) => {
    expect(await unknownParts(command)).toEqual([]);
  });

  test.each(ours)(
    "%s has the flags of Node that `up` gives its command",
    (_name, { entrypoint, command }) => {
      const ofImage = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? "[]") as string[];

      expect(entrypoint ?? ofImage).toEqual(["node", ...nodeFlags(command[0]), "cli/millrace.js"]);
    },
  );

  test("a command or option that does not exist is found", async () => {
    expect(await unknownParts(["wokrer"])).toEqual(["wokrer"]);
    expect(await unknownParts(["worker", "--pol", "observer"])).toEqual(["--pol"]);
  });

  test("the queue keeps what it is given: its file on a volume, nothing evicted", () => {
    const command = services.queue?.command.join(" ");

    expect(command).toContain("--appendonly yes");
    expect(command).toContain("--maxmemory-policy noeviction");
    expect(Object.keys(volumes)).toEqual(["queue", "lake"]);
    expect(services.queue).toMatchObject({ volumes: ["queue:/data"] });
  });

  test("the API asks for keys, and no other machine reaches it unless its port is published wider", () => {
    expect(services.api?.environment).toMatchObject({
      API_HOST: "0.0.0.0",
      API_KEYS_FILE: expect.any(String),
    });
    expect(services.api).toMatchObject({ ports: [expect.stringMatching(/^127\.0\.0\.1:/)] });
    const published = Object.entries(services).filter(([, service]) => "ports" in service);
    expect(published.map(([name]) => name)).toEqual(["api"]);
  });

  test("the file of keys is never mounted by itself, for then a key that is revoked would stay in force", () => {
    const { API_KEYS_FILE: file = "" } = services.api?.environment ?? {};
    const ends = (services.api?.volumes ?? []).map((volume) => volume.replace(/\$\{[^}]+\}/, "").split(":"));

    expect(ends).toContainEqual(["", dirname(file ?? ""), "ro"]);
    for (const [, { volumes = [], secrets = [], configs = [] }] of ours) {
      expect(volumes.filter((volume) => volume.includes(file ?? ""))).toEqual([]);
      expect([...secrets, ...configs]).toEqual([]);
    }
  });

  test(
    compose
      ? `docker compose ${compose} accepts it`
      : "docker compose is not on this machine: only the checks above were run",
    async () => {
      if (compose === undefined) {
        await expect(run("docker", ["compose", "version"])).rejects.toThrow();
        return;
      }
      const { stdout } = await run("docker", ["compose", "config", "--services"]);
      expect(stdout.trim().split("\n").sort()).toEqual(Object.keys(services).sort());
    },
  );
});

describe("Dockerfile", () => {
  const [build = "", final = ""] = dockerfile.split(/^FROM /m).slice(1);

  test("builds native parts for x86-64-v3 unless told, in a stage that is thrown away", () => {
    expect(build).toMatch(/^ARG CPU=x86-64-v3$/m);
    expect(build).toMatch(/CXXFLAGS="-O3 -march=\$\{CPU\}"/);
    expect(build).toContain("npm ci --omit=dev");
    expect(final).not.toMatch(/g\+\+|apt-get|npm /);
  });

  test("runs as a user that owns nothing of the program", () => {
    expect(final).toMatch(/^USER node$/m);
    expect(final.slice(final.indexOf("USER node"))).not.toMatch(/^(COPY|RUN|USER root)/m);
  });

  test("copies every source folder that the program imports, and the ignore file lets each of them through", () => {
    const copied = [...final.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    const let_through = readFileSync(".dockerignore", "utf8").split("\n");

    for (const name of [
      "api",
      "cli",
      "data",
      "queues",
      "scheduler",
      "workers",
      "config.ts",
      "package.json",
    ]) {
      expect(copied).toContain(name);
    }
    for (const name of copied) expect(let_through).toContain(`!${name}`);
    expect(let_through).toContain("data/lake");
  });

  test("sets only what config.ts knows", () => {
    const set = [...final.matchAll(/^ENV (\w+)=/gm)].map(([, name]) => name);

    expect([...settingNames, "NODE_ENV"]).toEqual(expect.arrayContaining(set));
  });
});

/** The words of a command line that the terminal does not know: its command, a verb or an option. */
async function unknownParts([name = "", ...rest]: readonly string[]): Promise<string[]> {
  const entry = commands.find((one) => one.name === name);
  if (!entry) return [name];
  const command = new Command(name);
  const streams = { stdout: process.stdout, stderr: process.stderr };
  await fill(command, entry, createContext({ env: {}, streams, readSettings: readConfig }));
  const known = command.options.flatMap(({ long, short }) => [long, short]);
  return rest.filter((word) => word.startsWith("-") && !known.includes(word));
}
