import type { AnyRoute } from "./define-route.ts";
import { Problem } from "./problem.ts";

type Params = Readonly<Record<string, string>>;

/** The operation a request is; or the methods that its path takes, when it is none of them. */
export type Found = { readonly route: AnyRoute; readonly params: Params } | { readonly allow: string };

/** One step of a path: the words that may come next, or a parameter. */
interface Step {
  readonly words: Map<string, Step>;
  parameter: Step | undefined;
  readonly routes: Map<string, { readonly route: AnyRoute; readonly names: readonly string[] }>;
}

/**
 * Finds an operation by walking its path once, however many there are. As in Express, a word may be written in capitals,
 * a path may end in a slash and GET answers HEAD.
 */
export class RouteTable {
  readonly #root: Step = newStep();

  constructor(routes: Iterable<AnyRoute>) {
    for (const route of routes) this.#add(route);
  }

  find(method: string, path: string): Found | undefined {
    const parts = path.split("/");
    if (parts.length > 2 && parts.at(-1) === "") parts.pop();
    const values: string[] = [];
    const step = walk(this.#root, parts, 1, values);
    if (!step) return undefined;
    const found = step.routes.get(method) ?? (method === "HEAD" ? step.routes.get("GET") : undefined);
    if (!found) return { allow: allowed(step) };
    const params: Record<string, string> = {};
    for (const [at, name] of found.names.entries()) params[name] = decode(values[at] ?? "");
    return { route: found.route, params };
  }

  #add(route: AnyRoute) {
    let step = this.#root;
    const names: string[] = [];
    for (const part of route.path.split("/").slice(1)) {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) {
        step = step.words.get(part.toLowerCase()) ?? addWord(step, part.toLowerCase());
      } else {
        names.push(name);
        step.parameter ??= newStep();
        step = step.parameter;
      }
    }
    step.routes.set(route.method.toUpperCase(), { route, names });
  }
}

function walk(step: Step, parts: readonly string[], at: number, values: string[]): Step | undefined {
  if (at === parts.length) return step.routes.size > 0 ? step : undefined;
  const part = parts[at] ?? "";
  const word = step.words.get(part) ?? step.words.get(part.toLowerCase());
  const found = word && walk(word, parts, at + 1, values);
  if (found || !step.parameter || part === "") return found;
  const taken = values.push(part);
  const beyond = walk(step.parameter, parts, at + 1, values);
  if (!beyond) values.length = taken - 1;
  return beyond;
}

function allowed({ routes }: Step): string {
  return [...routes.keys()].flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name])).join(", ");
}

function decode(part: string): string {
  if (!part.includes("%")) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Problem("bad-request", "Check the path's escapes.");
  }
}

function addWord(step: Step, word: string): Step {
  const next = newStep();
  step.words.set(word, next);
  return next;
}

function newStep(): Step {
  return { words: new Map(), parameter: undefined, routes: new Map() };
}
