import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import type { ServerProgram } from "../../../queues/redis/program.ts";

const run = promisify(execFile);

/** Every command of this machine but servers of queues: a PATH as on a machine that has none. */
export async function pathWithoutServers(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  await symlink(process.execPath, join(dir, "node"));
  const { stdout } = await run("sh", ["-c", "echo $PATH"]);
  for (const folder of stdout.trim().split(delimiter)) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (/^(redis|valkey)/.test(name)) continue;
      await symlink(join(folder, name), join(dir, name)).catch(() => undefined);
    }
  }
  return dir;
}

/** Puts a command into a folder of `pathWithoutServers`, in the place of what is there. */
export async function putCommand(dir: string, name: string, script: string): Promise<void> {
  await rm(join(dir, name), { force: true });
  await writeFile(join(dir, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(dir, name), 0o755);
}

/** The command line of `program` wherever PATH points, for a script. */
export async function commandLine(program: ServerProgram): Promise<string> {
  const libraries = program.libraryPath ? `LD_LIBRARY_PATH='${program.libraryPath}' ` : "";
  return `env ${libraries}'${await fileOf(program)}'`;
}

async function fileOf({ command }: ServerProgram): Promise<string> {
  const { stdout } = await run("sh", ["-c", `command -v '${command}'`]);
  return stdout.trim();
}

export async function hasPackages(): Promise<boolean> {
  return run("dpkg-deb", ["--version"]).then(
    () => true,
    () => false,
  );
}

/**
 * A package source on disk with the server of this machine as redis-tools and its libraries as packages of
 * their own, as Debian has them. Answers the options that make apt-get use it and nothing else, and the names
 * of the libraries.
 */
export async function packageSource(dir: string, program: ServerProgram) {
  await mkdir(dir, { recursive: true });
  const server = await realpath(await fileOf(program));
  const { stdout: linked } = await run("env", [`LD_LIBRARY_PATH=${program.libraryPath}`, "ldd", server]);
  const libraries = [...linked.matchAll(/(lib(?:jemalloc|lzf|atomic)\.so\.\d+) => (\S+)/g)];

  const names: string[] = [];
  for (const [, library = "", path = ""] of libraries) {
    const name = library.replace(".so.", "");
    names.push(name);
    await writePackage(dir, name, [], { [`usr/lib/beside/${library}`]: await realpath(path) });
  }
  await writePackage(dir, "redis-tools", names, { "usr/bin/redis-check-rdb": server });

  const list = join(dir, "sources.list");
  await writeFile(list, `deb [trusted=yes] copy:${dir} ./\n`);
  await writeIndex(dir);
  return {
    apt: ["-o", `Dir::Etc::sourcelist=${list}`, "-o", "Dir::Etc::sourceparts=-"],
    libraries: libraries.map(([, library = ""]) => library),
  };
}

async function writePackage(
  dir: string,
  name: string,
  depends: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const tree = join(dir, name);
  await mkdir(join(tree, "DEBIAN"), { recursive: true });
  await writeFile(join(tree, "DEBIAN", "control"), await controlOf(name, depends));
  for (const [path, source] of Object.entries(files)) {
    await mkdir(join(tree, path, ".."), { recursive: true });
    await copyFile(source, join(tree, path));
    await chmod(join(tree, path), 0o755);
  }
  await run("dpkg-deb", ["-Znone", "-b", tree, join(dir, `${name}.deb`)]);
}

async function controlOf(name: string, depends: readonly string[]): Promise<string> {
  const { stdout } = await run("dpkg", ["--print-architecture"]);
  const lines = [
    `Package: ${name}`,
    "Version: 99:1.0",
    `Architecture: ${stdout.trim()}`,
    "Maintainer: A Test <test@example.org>",
    ...(depends.length > 0 ? [`Depends: ${depends.join(", ")}`] : []),
    "Description: made by a test",
    "",
  ];
  return lines.join("\n");
}

async function writeIndex(dir: string): Promise<void> {
  const packages: string[] = [];
  for (const file of (await readdir(dir)).filter((name) => name.endsWith(".deb"))) {
    const bytes = await readFile(join(dir, file));
    const control = await readFile(join(dir, basename(file, ".deb"), "DEBIAN", "control"), "utf8");
    const sum = createHash("sha256").update(bytes).digest("hex");
    packages.push(`${control}Filename: ./${file}\nSize: ${bytes.length}\nSHA256: ${sum}\n`);
  }
  await writeFile(join(dir, "Packages"), packages.join("\n"));
}
