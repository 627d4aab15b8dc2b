import { describe, expect } from "vitest";
import { commands } from "../../cli/commands.ts";
import { refuse, test } from "./terminal.ts";

describe("the command line", () => {
  test("lists every command in its help and ends with 0", async ({ terminal }) => {
    const help = await terminal.run("--help");

    expect(help.code).toBe(0);
    for (const { name, summary } of commands) {
      expect(help.stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, "m"));
    }
  });

  test("prints the help of a command in both forms, in an environment that no command could run in", async ({
    terminal,
  }) => {
    const broken = terminal.with({ API_PORT: "no port" });

    const [option, command, run] = await Promise.all([
      broken.run("jobs", "run", "--help"),
      broken.run("help", "jobs", "run"),
      broken.run("pools"),
    ]);

    expect(option).toMatchObject({ code: 0, stderr: "" });
    expect(option.stdout).toContain("Examples:");
    expect(command).toEqual(option);
    expect(run).toMatchObject({ code: 1 });
    expect(run.stderr).toContain("API_PORT");
  });

  test("refuses a wrong command line with exit code 2", async ({ terminal }) => {
    const { code, stdout, stderr } = await terminal.run("jobs", "ls", "--stat", "failed");

    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe("error: unknown option '--stat'\nnext:  did you mean --state?\n");
  });

  test("prints its version", async ({ terminal }) => {
    const { code, stdout } = await terminal.run("--version");

    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.for([
    [["jbos"], "did you mean jobs?"],
    [["jobs", "lst"], "did you mean ls?"],
    [["table", "shw", "silver.patient"], "did you mean show?"],
    [["jobs", "ls", "--stat", "failed"], "did you mean --state?"],
    [["jobs", "ls", "--jsn"], "did you mean --json?"],
    [["jobs", "run", "reconcil"], "did you mean reconcile?"],
    [["schedules", "enable", "nightly-vacum"], "did you mean nightly-vacuum?"],
  ] as const)("answers %j with the nearest name and exit code 2", async ([args, guess]) => {
    const { code, stdout, stderr } = await refuse(...args);

    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(guess);
  });

  test.for([
    [["jobs"], "Usage: millrace jobs"],
    [["jobs", "show"], "missing required argument 'id'"],
    [["worker", "--pool", "silver"], "There is no pool silver"],
    [["jobs", "ls", "--state", "lost"], "Allowed choices"],
    [["jobs", "run", "reconcile", "--input", "{"], "not JSON"],
    [["jobs", "run", "optimize-tables", "--input", '{"table":1}'], "table"],
    [["jobs", "run", "optimize-tables", "--input", '{"tables":["Silver.Patient"]}'], "in lower case"],
    [["dead", "purge"], "--all"],
    [["table", "frob", "x"], "unknown command 'frob'; table has ls, show,"],
    [["observer", "status", "--limit", "3"], "unknown command 'status'; observer has tail, errors,"],
  ] as const)("answers %j with what is wrong and exit code 2", async ([args, message]) => {
    const { code, stdout, stderr } = await refuse(...args);

    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });

  test("shows no stack of an error but for those who ask", async ({ terminal }) => {
    const away = terminal.with({ REDIS_URL: "redis://127.0.0.1:1" });

    const [told, traced] = await Promise.all([
      away.run("pools"),
      away.with({ LOG_LEVEL: "debug" }).run("pools"),
    ]);

    expect(told).toMatchObject({ code: 1, stdout: "" });
    expect(told.stderr).toContain("127.0.0.1:1");
    expect(told.stderr).not.toMatch(/^\s+at /m);
    expect(traced.stderr).toMatch(/^\s+at /m);
  });
});
