import { readFileSync } from "node:fs";
import type { Express } from "express";
import type { AnyJob } from "../workers/define-job.ts";
import type { AnyRoute } from "./define-route.ts";
import { openApiDocument } from "./openapi.ts";
import { securePage } from "./security-headers.ts";
import { nameRequest } from "./trace.ts";

const files = {
  "/docs": { file: "page.html", type: "text/html" },
  "/docs/page.js": { file: "page.js", type: "text/javascript" },
  "/docs/page.css": { file: "page.css", type: "text/css" },
} as const;

/** The OpenAPI document and a page to read it, for anyone: both say what can be asked, never what is there. */
export function mountDocsPage(
  app: Express,
  routes: Readonly<Record<string, AnyRoute>>,
  kinds: ReadonlyMap<string, AnyJob>,
) {
  const document = JSON.stringify(openApiDocument(routes, kinds), null, 2);
  app.get("/openapi.json", (request, response) => {
    nameRequest(request, "/openapi.json", "anyone");
    response.type("application/json").end(document);
  });
  for (const [path, { file, type }] of Object.entries(files)) {
    const content = readFileSync(new URL(`docs-page/${file}`, import.meta.url));
    app.get(path, (request, response) => {
      nameRequest(request, path, "anyone");
      securePage(response);
      response.type(type).end(content);
    });
  }
  app.get("/", (_request, response) => response.redirect(302, "/docs"));
}
