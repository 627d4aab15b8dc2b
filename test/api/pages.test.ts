import { describe, expect } from "vitest";
import { type Caller, test } from "./api.ts";

describe("/board", () => {
  test("shows every pool, and a job by its id", async ({ serve }) => {
    const api = await serve();
    const { id, links } = (await (await api.post("/jobs/parcel", { to: "mill" })).json()) as {
      id: string;
      links: { board: string };
    };

    const page = await api.fetch(links.board);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(await page.text()).toContain('<base href="/board/"');
    const { queues } = (await (await api.fetch("/board/api/queues")).json()) as {
      queues: { name: string }[];
    };
    expect(queues.map(({ name }) => name)).toContain("autotune");
    expect(queues).toHaveLength(8);
    const shown = (await (await api.fetch(`/board/api/queues/maintenance/${id}`)).json()) as { job: unknown };
    expect(shown.job).toMatchObject({ id, name: "parcel" });
  });

  test("does not take work that nobody has checked", async ({ serve }) => {
    const api = await serve();
    const response = await api.post("/board/api/queues/maintenance/add", {
      name: "parcel",
      data: {},
      options: {},
    });
    expect(response.status).toBe(403);
  });

  test("what goes wrong on it is answered as everywhere else", async ({ serve }) => {
    const api = await serve();
    const malformed = await api.fetch("/board/api/queues/maintenance/some-job/retry", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: "{bad",
    });
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toMatchObject({ type: "urn:millrace:problem:malformed-json" });
  });
});

describe("every page", () => {
  test.for(["/docs", "/board"])("%s loads its own files only", async (path, { serve }) => {
    const api = await serve();
    const page = await api.fetch(path);
    expect(page.headers.get("content-type")).toContain("text/html");
    for (const file of ownFiles(await page.text(), path)) await expectFile(api, file);
  });
});

function ownFiles(html: string, path: string): string[] {
  const links = [...html.matchAll(/(?:src|href)="([^"]+\.(?:js|css))"/g)].map(([, file]) => file ?? "");
  return links.map((file) => (file.startsWith("/") ? file : `${path}/${file}`));
}

async function expectFile(api: Caller, file: string) {
  const response = await api.fetch(file);
  expect(response.status, file).toBe(200);
  expect(response.headers.get("content-type"), file).toMatch(/javascript|css/);
}
