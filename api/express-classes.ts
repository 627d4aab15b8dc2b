import { IncomingMessage, ServerResponse } from "node:http";
import type { Express } from "express";

/**
 * Express gives every request and response another prototype, and V8 then treats each of them as a stranger. A server
 * that makes them with these classes hands Express what already has the prototype it would set.
 */
export function expressClasses(app: Express) {
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<AppRequest> {}
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  Object.assign(app, { request: AppRequest.prototype, response: AppResponse.prototype });
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
