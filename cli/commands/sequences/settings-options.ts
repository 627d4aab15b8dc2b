import { type Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { Settings } from "../../../data/sequences/settings.ts";

interface Described {
  readonly description?: string;
  readonly default?: string | number | null;
  readonly enum?: readonly string[];
}

/** Flags are named after the settings but for one, whose short name SQL keeps for itself. */
const flagNames: Readonly<Record<string, string>> = { event_order: "order" };

function flagOf(setting: string): string {
  return flagNames[setting] ?? setting.replaceAll("_", "-");
}

const described = Object.entries(
  (z.toJSONSchema(z.object(Settings.shape), { io: "input" }) as { properties: Record<string, Described> })
    .properties,
);

/** Adds one option for each setting of a build, with its meaning and its default. */
export function addSettings(command: Command): Command {
  for (const [name, setting] of described) {
    const option = new Option(`--${flagOf(name)} <${setting.enum ? "what" : "n"}>`, setting.description);
    if (setting.enum) option.choices(setting.enum);
    else option.argParser(parseNumber);
    if (setting.default !== null && setting.default !== undefined) option.default(setting.default);
    command.addOption(option);
  }
  return command;
}

/** The settings among a command's options. */
export function settingsOf(options: Readonly<Record<string, unknown>>): Settings {
  const given = described.flatMap(([name]) => {
    const key = flagOf(name).replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    return options[key] === undefined ? [] : [[name, options[key]] as const];
  });
  return Settings.parse(Object.fromEntries(given));
}

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It is not a number.");
  return value;
}
