import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import type { Caller } from "./define-route.ts";
import type { KeyRing } from "./key-ring.ts";
import { allows, findKey, type Role } from "./keys.ts";
import { Problem } from "./problem.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === "localhost") return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 4 ? "ipv4" : "ipv6");
}

/** Who calls. Without keys, which only loopback may do without, everyone who reaches the port may do everything. */
export function identify(request: IncomingMessage, ring: KeyRing | undefined): Caller {
  if (!ring) {
    checkHost(request);
    return { name: addressOf(request), role: "admin" };
  }
  const secret = presentedKey(request);
  if (secret === undefined) {
    throw new Problem("key-missing", "Send a key as X-API-Key or Authorization: Bearer.", challenge(request));
  }
  const key = findKey(ring.keys(), secret);
  if (!key) throw new Problem("key-unknown", "The key was revoked or never made.", challenge(request));
  return { name: key.name, role: key.role };
}

export function checkRole(caller: Caller, needed: Role) {
  if (allows(caller.role, needed)) return;
  throw new Problem("forbidden", `This needs the role ${needed}; the key ${caller.name} has ${caller.role}.`);
}

/**
 * A page of another site can make a browser send requests here, with the board's remembered key or to a server
 * that asks for none. Browsers say where a request comes from; programs send neither header and pass.
 */
export function refuseOtherSites({ headers }: IncomingMessage) {
  const site = headers["sec-fetch-site"];
  const fromElsewhere = site !== undefined && site !== "same-origin" && site !== "none";
  const { origin } = headers;
  const otherOrigin = origin !== undefined && hostOfOrigin(origin) !== headers.host?.toLowerCase();
  if (!fromElsewhere && !otherOrigin) return;
  throw new Problem("cross-site", "Open the page of this server itself, or call it from a program.");
}

/** IPv6 callers own a whole /64, so that is what stands for them. */
export function addressOf({ socket }: IncomingMessage): string {
  const address = socket.remoteAddress ?? "unknown";
  if (!address.includes(":") || address.startsWith("::ffff:")) return address;
  return address.split(":").slice(0, 4).join(":");
}

/** A name that resolves to loopback only for this attack (DNS rebinding) gives itself away in the Host header. */
function checkHost({ headers }: IncomingMessage) {
  const { host: named = "" } = headers;
  if (/^(localhost|127\.0\.0\.1)(:\d+)?$/i.test(named)) return;
  const host = named.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  if (isLoopback(host)) return;
  throw new Problem("wrong-host", "Without API keys this server answers to localhost and 127.0.0.1 only.");
}

function hostOfOrigin(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** Basic credentials are what a browser can send to the board: any user name, the key as the password. */
function presentedKey({ headers }: IncomingMessage): string | undefined {
  const plain = headers["x-api-key"];
  if (typeof plain === "string") return plain;
  const [scheme, credentials] = (headers.authorization ?? "").split(" ", 2);
  if (!scheme || !credentials) return undefined;
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() !== "basic") return undefined;
  return Buffer.from(credentials, "base64")
    .toString("utf8")
    .replace(/^[^:]*:/, "");
}

function challenge({ headers }: IncomingMessage) {
  const scheme = headers.accept?.includes("text/html") ? "Basic" : "Bearer";
  return { headers: { "www-authenticate": `${scheme} realm="millrace"` } };
}
