const HOUR_S = 60 * 60;
const DAY_S = 24 * HOUR_S;

/** `340 ms`, `4.2 s`, `3 m 05 s`, `2 h 10 m`, `5 d 3 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "–";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < HOUR_S) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < DAY_S)
    return `${Math.floor(seconds / HOUR_S)} h ${two(Math.floor((seconds % HOUR_S) / 60))} m`;
  return `${Math.floor(seconds / DAY_S)} d ${Math.floor((seconds % DAY_S) / HOUR_S)} h`;
}

/** How long ago: `12 s ago`. */
export function age(at: Date | number, now = Date.now()): string {
  return `${duration(Math.max(0, now - Number(at)))} ago`;
}

/** `12,345`. */
export function count(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
}

/** `1.4 MB`, in powers of 1000. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"] as const;
  let scaled = value;
  let at = 0;
  while (Math.abs(scaled) >= 999.5 && at < units.length - 1) {
    scaled /= 1000;
    at += 1;
  }
  return `${at === 0 || scaled >= 99.5 ? Math.round(scaled) : scaled.toFixed(1)} ${units[at]}`;
}

/** `1 job`, `2 jobs`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** `1st`, `2nd`, `11th`. */
export function ordinal(value: number): string {
  const teen = value % 100 > 10 && value % 100 < 14;
  const end = teen ? undefined : ["th", "st", "nd", "rd"][value % 10];
  return `${value}${end ?? "th"}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
