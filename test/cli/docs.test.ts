import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { createContext } from "../../cli/context.ts";
import { renderReference } from "../../cli/reference.ts";
import { readConfig } from "../../config.ts";

const page = new URL("../../docs/cli.md", import.meta.url);
const heading = "## Commands\n";

/** `npx vitest run test/cli/docs.test.ts -u` writes the page anew. */
test("the page of the terminal prints the help of every command as it is", async () => {
  const written = await readFile(page, "utf8");
  const context = createContext({
    env: {},
    streams: { stdout: process.stdout, stderr: process.stderr },
    readSettings: readConfig,
  });

  const [prose] = written.split(heading);
  const whole = `${prose}${heading}\n${await renderReference(context)}`;

  await expect(whole).toMatchFileSnapshot(page.pathname);
});
