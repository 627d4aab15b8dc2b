import type { IncomingMessage } from "node:http";
import { type ParsedUrlQuery, parse } from "node:querystring";

/** The path that was asked for, whether it was sent alone or, as to a proxy, behind a host. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  const path = beforeQuery(url);
  if (path.startsWith("/") || !URL.canParse(path)) return path;
  return new URL(path).pathname;
}

/** A name that is given twice has a list of values. */
export function queryOf({ url = "/" }: IncomingMessage): ParsedUrlQuery {
  return parse(url.slice(beforeQuery(url).length + 1));
}

function beforeQuery(url: string): string {
  const at = url.indexOf("?");
  return at < 0 ? url : url.slice(0, at);
}
