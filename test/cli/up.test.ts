import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import { z } from "zod";
import { listWorkers } from "../../queues/heartbeats.ts";
import { processesOf, until } from "./processes.ts";
import { documentOf, test } from "./terminal.ts";

const Ready = z.object({ api: z.url(), docs: z.url(), board: z.url(), pools: z.array(z.string()) });
const smallUp = ["up", "--pools", "maintenance,observer", "--json"] as const;
const millrace = fileURLToPath(new URL("../../cli/millrace.js", import.meta.url));
/** The API, the scheduler and the two workers. */
const MEMBERS = 4;

describe("millrace up", () => {
  test("serves, prints the addresses once, and ends cleanly with nobody left", async ({
    terminal,
    address,
    queues,
  }) => {
    const up = terminal.start(...smallUp);
    await up.printed('"board"');
    const running = await processesOf(address.prefix);
    const workers = await listWorkers(queues);
    up.child.kill("SIGINT");
    const finished = await up.finished;

    // The loader of TypeScript may have processes of its own for a while.
    expect(running.length).toBeGreaterThanOrEqual(1 + MEMBERS);
    expect(workers.flatMap(({ pools }) => pools).sort()).toEqual(["maintenance", "observer"]);
    expect(finished.code).toBe(0);
    expect(Ready.parse(documentOf(finished)).api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(finished.stderr).toMatch(/maintenance +\d\d:\d\d:\d\d info +serving/);
    expect(await processesOf(address.prefix)).toEqual([]);
  });

  test("leaves nobody behind when it is killed", async ({ terminal, address }) => {
    const up = terminal.start(...smallUp);
    await up.printed('"board"');

    up.child.kill("SIGKILL");
    await once(up.child, "exit");

    await until(async () => (await processesOf(address.prefix)).length === 0);
  });

  test("ends when the npm that started it is gone, and without npm goes on", async ({
    terminal,
    address,
  }) => {
    const underShell = async (env: NodeJS.ProcessEnv) => {
      // A command after it keeps the shell from becoming the command itself.
      const shell = spawn("sh", ["-c", `"$0" "$@"; true`, process.execPath, millrace, ...smallUp], {
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let said = "";
      shell.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      const [document] = await once(shell.stdout, "data");
      const ended = once(shell.stderr, "close");
      shell.kill("SIGKILL");
      const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(String(document)));
      return { pid, ended, said: () => said };
    };
    const plain = await underShell(terminal.env);
    const npm = await underShell({ ...terminal.env, npm_lifecycle_script: "millrace" });

    await npm.ended;
    const left = await processesOf(address.prefix);
    process.kill(plain.pid, "SIGTERM");
    await plain.ended;

    expect(npm.said()).toContain("stopping: npm, which started this, is gone");
    expect(left).toContain(plain.pid);
    expect(left).not.toContain(npm.pid);
    expect(plain.said()).not.toContain("is gone");
  });

  test("starts a process again that was killed, and says so", async ({ terminal, queues }) => {
    const up = terminal.start(...smallUp);
    await up.printed('"board"');
    const before = await listWorkers(queues);
    const victim = before.find(({ pools }) => pools.includes("observer"));
    process.kill(victim?.pid ?? 0, "SIGKILL");
    await until(async () => {
      const workers = await listWorkers(queues);
      return workers.some(({ pools, pid }) => pools.includes("observer") && pid !== victim?.pid);
    });
    up.child.kill("SIGTERM");
    const { code, stderr } = await up.finished;

    expect(code).toBe(0);
    expect(stderr).toContain("observer ended (killed by SIGKILL); it starts again in");
  });

  test("gives up when a process cannot start at all, with that process's reason", async ({
    terminal,
    address,
  }) => {
    const { code, stderr, stdout } = await terminal.with({ API_HOST: "0.0.0.0" }).run(...smallUp);

    expect(code).toBe(1);
    expect(stderr).toMatch(/api does not start \(exit code 1\): .*without keys/);
    expect(JSON.parse(stdout)).toHaveProperty("error");
    expect(await processesOf(address.prefix)).toEqual([]);
  });
});

describe("a process of the cluster", () => {
  const start = (env: NodeJS.ProcessEnv, ...args: string[]) => {
    const child = spawn(process.execPath, [millrace, "scheduler", ...args], {
      env,
      stdio: ["ignore", "pipe", "ignore", "ipc"],
    });
    return { child, serves: once(child.stdout as Readable, "data") };
  };

  test("ends when whoever started it is gone, and only because it is told to look", async ({
    terminal,
    address,
  }) => {
    const [attached, alone] = [start(terminal.env, "--attached"), start(terminal.env)];
    await Promise.all([attached.serves, alone.serves]);

    attached.child.disconnect();
    alone.child.disconnect();
    await once(attached.child, "exit");
    const left = await processesOf(address.prefix);
    alone.child.kill("SIGTERM");
    await once(alone.child, "exit");

    expect(left).toEqual([alone.child.pid]);
  });
});
