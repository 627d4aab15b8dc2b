/** Draws the OpenAPI document of this server. Everything is put in as text, so nothing in it can run. */
const document_ = await (await fetch("/openapi.json")).json();
const methods = ["get", "post", "put", "delete"];

const operations = Object.entries(document_.paths).flatMap(([path, item]) =>
  methods
    .filter((method) => item[method])
    .map((method) => ({ path, method, anchor: `${method}${path}`, ...item[method] })),
);

byId("about").textContent = document_.info.description;
byId("operations").replaceChildren(...operations.map(section));
byId("filter").addEventListener("input", list);
list();
if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();

function list() {
  const wanted = byId("filter").value.toLowerCase();
  const matching = operations.filter(({ path, method, summary }) =>
    `${method} ${path} ${summary}`.toLowerCase().includes(wanted),
  );
  const tags = [...new Set(matching.map(({ tags }) => tags[0]))];
  byId("contents").replaceChildren(
    ...tags.flatMap((tag) => [
      element("h2", {}, tag),
      ...matching.filter(({ tags }) => tags[0] === tag).map(link),
    ]),
  );
}

function link({ anchor, method, path, summary }) {
  return element(
    "a",
    { class: "entry", href: `#${anchor}`, title: summary },
    verb(method),
    element("span", {}, path),
  );
}

function section(operation) {
  const { anchor, method, path, summary, description, parameters, requestBody, responses } = operation;
  const [status, reply] = Object.entries(responses)[0];
  return element(
    "section",
    { id: anchor },
    element(
      "span",
      { class: "role" },
      operation["x-role"] ? `role: ${operation["x-role"]}` : "no key needed",
    ),
    element("h2", {}, verb(method), path),
    element("p", { class: "summary" }, summary),
    ...(description ? [element("p", {}, description)] : []),
    ...fieldTable("Parameters", parameters.map(parameterRow)),
    ...fieldTable("Body", bodyRows(jsonSchema(requestBody?.content), true)),
    element("h3", {}, "Ask"),
    element("pre", {}, curl(operation)),
    ...fieldTable(`Answer ${status}`, bodyRows(jsonSchema(reply.content), false)),
    problemsOf(responses),
  );
}

function problemsOf(responses) {
  const rows = Object.entries(responses)
    .slice(1)
    .map(([status, { description }]) => row(element("code", {}, status), description));
  return element(
    "details",
    {},
    element("summary", {}, "When it does not work"),
    element("table", {}, element("tbody", {}, ...rows)),
  );
}

function curl({ method, path, requestBody }) {
  const lines = [`curl -X ${method.toUpperCase()} '${location.origin}${path}'`];
  if (document_.security?.length) lines.push("-H 'X-API-Key: …'");
  if (requestBody) {
    const example = sample(jsonSchema(requestBody.content));
    lines.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example)}'`);
  }
  return lines.join(" \\\n  ");
}

function sample(schema, depth = 0) {
  const { type, properties, required = [], items, enum: choices, anyOf, default: preset } = resolve(schema);
  const constant = resolve(schema).const;
  if (constant !== undefined) return constant;
  if (preset !== undefined) return preset;
  if (choices) return choices[0];
  if (anyOf) return sample(anyOf[0], depth);
  if (type === "array") return depth > 3 ? [] : [sample(items ?? {}, depth + 1)];
  if (type === "object") {
    const needed = Object.entries(properties ?? {}).filter(([name]) => required.includes(name));
    return Object.fromEntries(needed.map(([name, field]) => [name, sample(field, depth + 1)]));
  }
  return { string: "…", integer: 1, number: 1, boolean: true }[type] ?? null;
}

function parameterRow({ name, in: place, required, description, schema }) {
  const about = sentences(`In the ${place}`, description, limits(schema));
  return row(fieldName(name, required), typeOf(schema), about);
}

/** What is asked for marks what is needed; what is answered has all of it anyway. */
function bodyRows(schema, marks, prefix = "", depth = 0) {
  const { properties, required = [] } = resolve(schema);
  if (!properties) return schema && depth === 0 ? [row("", typeOf(schema), limits(schema))] : [];
  return Object.entries(properties).flatMap(([name, field]) => {
    const inner = resolve(field).type === "array" ? resolve(field).items : field;
    const about = sentences(resolve(field).description, limits(field));
    return [
      row(fieldName(prefix + name, marks && required.includes(name)), typeOf(field), about),
      ...(depth < 2 ? bodyRows(inner, marks, `${prefix}${name}.`, depth + 1) : []),
    ];
  });
}

function sentences(...parts) {
  const said = parts.filter(Boolean).map((part) => part.replace(/\.$/, ""));
  return said.length === 0 ? "" : `${said.join(". ")}.`;
}

function fieldTable(title, rows) {
  return rows.length === 0
    ? []
    : [element("h3", {}, title), element("table", {}, element("tbody", {}, ...rows))];
}

function fieldName(name, required) {
  return element("code", required ? { class: "needed" } : {}, name);
}

function typeOf(schema) {
  return element("code", { class: "type" }, typeName(schema));
}

function typeName(schema) {
  const { type, items, anyOf, oneOf, enum: choices, const: constant } = resolve(schema);
  if (constant !== undefined) return JSON.stringify(constant);
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  if (anyOf ?? oneOf) return [...new Set((anyOf ?? oneOf).map(typeName))].join(" | ");
  if (type === "array") return `${typeName(items ?? {})}[]`;
  return type ?? "any";
}

function limits(schema) {
  const {
    minimum,
    maximum,
    minLength,
    maxLength,
    minItems,
    maxItems,
    pattern,
    default: preset,
  } = resolve(schema);
  const said = [];
  if (preset !== undefined) said.push(`default ${JSON.stringify(preset)}`);
  if (minimum !== undefined && Math.abs(minimum) < Number.MAX_SAFE_INTEGER) said.push(`at least ${minimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) said.push(`at most ${maximum}`);
  if (minLength ?? minItems) said.push(`at least ${minLength ?? minItems} long`);
  if (maxLength ?? maxItems) said.push(`at most ${maxLength ?? maxItems} long`);
  if (pattern && pattern.length < 80) said.push(`like ${pattern}`);
  return said.join(", ");
}

function jsonSchema(content) {
  if (!content) return undefined;
  return content["application/json"]?.schema ?? Object.values(content)[0]?.schema;
}

function resolve(schema = {}) {
  if (!schema.$ref) return schema;
  return resolve(document_.components.schemas[schema.$ref.split("/").pop()]);
}

function row(...cells) {
  return element("tr", {}, ...cells.map((cell) => element("td", {}, cell)));
}

function verb(method) {
  return element("span", { class: `method ${method}` }, method.toUpperCase());
}

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function byId(id) {
  return document.getElementById(id);
}
