import { followTimers } from "./loop-watch.ts";

const own = followTimers();
process.on("message", () => process.send?.(own.worst()));
process.on("disconnect", () => process.exit());
process.send?.("watching");
