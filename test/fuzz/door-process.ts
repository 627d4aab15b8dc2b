import { doors } from "./doors.ts";
import { runDoor } from "./run-door.ts";

/** One door in a process of its own, which may die or hang: `door-process.ts <door> <seed> <inputs>`. */
const [name = "", seed = "0", inputs = "0"] = process.argv.slice(2);
const door = doors.find((one) => one.name === name);
if (!door) throw new Error(`There is no door ${name}`);
const TELL_EVERY_MS = 200;
let toldAt = 0;
const fed = await runDoor(door, Number(seed), Number(inputs), (own) => {
  // What is told often waits in a queue, and a dying process takes the queue with it; a hang is seen by any seed near it.
  if (door.inputsAtOnce === 1 && Date.now() - toldAt < TELL_EVERY_MS) return;
  toldAt = Date.now();
  process.send?.({ feeding: own });
});
process.send?.({ fed }, () => process.disconnect?.());
