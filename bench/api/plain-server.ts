import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Queue } from "bullmq";
import express from "express";

/** The least that Express and BullMQ do for a job by HTTP: no schema, no record in the lake, no log, no limits. */
const [redisUrl = "", prefix = ""] = process.argv.slice(2);
const queue = new Queue("plain", { connection: { url: redisUrl }, prefix });
const app = express().use(express.json());
app.post("/jobs/:kind", async (request, response) => {
  const { id } = await queue.add(request.params.kind, { input: request.body });
  response.status(202).json({ id });
});
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");
process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
await once(process, "SIGTERM");
server.closeAllConnections();
server.close();
await queue.close();
process.disconnect?.();
