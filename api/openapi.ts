import { z } from "zod";
import type { AnyJob } from "../workers/define-job.ts";
import type { AnyRoute } from "./define-route.ts";
import { ProblemDocument } from "./problem.ts";

type Json = Record<string, unknown>;
type Routes = Readonly<Record<string, AnyRoute>>;
type Kinds = ReadonlyMap<string, AnyJob>;

const component = (id: string) => `#/components/schemas/${id}`;
const problemReply = { "application/problem+json": { schema: { $ref: component("Problem") } } };

/** OpenAPI 3.1 speaks JSON Schema 2020-12, which is what zod prints: nothing is translated in between. */
export function openApiDocument(routes: Routes, kinds: Kinds) {
  const components = new Components();
  components.print(ProblemDocument, "output");
  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(routes)) {
    for (const [path, operation] of operationsOf(operationId, route, kinds, components)) {
      paths[path] = { ...paths[path], [route.method]: operation };
    }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Millrace",
      version: "1",
      description: "A job-queue worker cluster that keeps a lakehouse fresh.",
      license: { name: "See the repository", identifier: "LicenseRef-millrace" },
    },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }, { bearer: [] }],
    paths,
    components: {
      schemas: components.sorted(),
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer" },
      },
    },
  };
}

/** A path a kind where the body depends on the kind, so that each shows its own fields; else the one path. */
function operationsOf(id: string, route: AnyRoute, kinds: Kinds, components: Components): [string, Json][] {
  if (!route.perKind) return [[route.path, operation(id, route, components, route.body)]];
  return [...kinds.values()].map(({ kind, summary, input }) => {
    const named = { ...operation(`${id}.${kind}`, route, components, input), summary };
    return [route.path.replace("{kind}", kind), named];
  });
}

function operation(
  operationId: string,
  route: AnyRoute,
  components: Components,
  body: z.ZodType | undefined,
): Json {
  const params = route.perKind ? undefined : route.params;
  const { summary, description } = route;
  return {
    operationId,
    summary,
    ...(description && { description }),
    tags: [route.path.split("/")[1]],
    ...(route.role === "anyone" ? { security: [] } : { "x-role": route.role }),
    parameters: [
      ...parameters("path", params, components),
      ...parameters("query", route.query, components),
      ...(route.takesIdempotencyKey ? [idempotencyKey] : []),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: bodyContent(route, body, components),
      },
    }),
    responses: {
      [route.status]: { description: "Done", content: replyContent(route, components) },
      ...problemReplies(route, body !== undefined),
    },
  };
}

const idempotencyKey = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Requests with one key make one job, however often they are sent.",
  schema: { type: "string", minLength: 1, maxLength: 200 },
};

function bodyContent({ takesText }: AnyRoute, body: z.ZodType, components: Components): Json {
  const schema = components.print(takesText?.schema ?? body, "input");
  return Object.fromEntries((takesText?.types ?? ["application/json"]).map((type) => [type, { schema }]));
}

function replyContent(route: AnyRoute, components: Components): Json {
  if (!("stream" in route)) {
    return { "application/json": { schema: components.print(route.reply, "output") } };
  }
  return Object.fromEntries(route.streams.map((type) => [type, { schema: { type: "string" } }]));
}

/** Only the statuses that this operation can answer with. */
function problemReplies(route: AnyRoute, hasBody: boolean): Json {
  const said: [boolean, number, string][] = [
    [hasBody, 400, "The body is not JSON"],
    [route.role !== "anyone", 401, "A key is missing or not known"],
    [route.role !== "anyone", 403, "The key may not do this"],
    [route.path.includes("{"), 404, "There is no such thing"],
    [hasBody, 413, "The body is too large"],
    [hasBody, 415, "The body must be JSON"],
    [hasBody || route.query !== undefined, 422, "Fields are wrong; every one is named"],
    [route.role !== "anyone", 429, "Too many requests"],
    [!route.withoutRedis, 503, "Redis is out of reach"],
  ];
  const replies = said.filter(([applies]) => applies);
  return Object.fromEntries([
    ...replies.map(([, status, description]) => [status, { description, content: problemReply }]),
    ["default", { description: "It did not work; the body says why", content: problemReply }],
  ]);
}

function parameters(place: "path" | "query", schema: z.ZodType | undefined, components: Components): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = components.print(schema, "input") as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

/** The named schemas that the document refers to, each printed once. */
class Components {
  readonly #schemas = new Map<string, Json>();

  /** Zod gathers named schemas under `$defs`; in this document they stand among the components. */
  print(schema: z.ZodType, io: "input" | "output"): Json {
    const printed = z.toJSONSchema(schema, { io, unrepresentable: "any" });
    const {
      $schema: _dialect,
      $defs = {},
      ...rest
    } = JSON.parse(JSON.stringify(printed).replaceAll("#/$defs/", component("")));
    for (const [id, definition] of Object.entries<Json>($defs)) this.#add(id, definition);
    return rest;
  }

  sorted(): Json {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #add(id: string, schema: Json) {
    const known = this.#schemas.get(id);
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(
        `Two schemas are named ${id}, or it reads otherwise than it is written: name them apart.`,
      );
    }
    this.#schemas.set(id, schema);
  }
}
