// Numbers, sizes, durations and times as text. Fixed shapes, so that columns of them line up.
import { preferences } from "./preferences";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** A 64-bit number that came as text. Beyond 2^53 the last digits are lost: for arithmetic, not for offsets' names. */
export const num = (value: string | number | undefined): number => (value === undefined ? 0 : Number(value));

/** 1,234,567; keeps every digit of a 64-bit number. */
export function count(value: string | number): string {
  if (typeof value === "string") return /^-?\d+$/.test(value) ? BigInt(value).toLocaleString("en-US") : value;
  return grouped.format(value);
}

function scaled(value: number, step: number, units: string[]): string {
  let unit = 0;
  let rest = Math.abs(value);
  while (rest >= step * 0.9995 && unit < units.length - 1) {
    rest /= step;
    unit++;
  }
  const digits = unit === 0 ? (rest > 0 && rest < 10 && rest % 1 !== 0 ? 1 : 0) : rest < 10 ? 2 : rest < 100 ? 1 : 0;
  return `${value < 0 ? "-" : ""}${rest.toFixed(digits)}${units[unit]}`;
}

/** 950, 12.4 k, 3.20 M. */
export const short = (value: number): string => scaled(value, 1000, ["", " k", " M", " G", " T"]);

/** 950 B, 12.4 KiB, 3.20 GiB. */
export const bytes = (value: number): string => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB", " PiB"]);

/** A rate that is nothing is a dot: eyes find what moves. */
export const rate = (value: number): string => (value > 0 ? short(value) : "·");
export const byteRate = (value: number): string => (value > 0 ? `${bytes(value)}/s` : "·");

/** 0.42 ms, 12.3 ms, 1.20 s. */
export function milliseconds(value: number): string {
  if (!(value > 0)) return value === 0 ? "0 ms" : "–";
  if (value < 0.1) return `${(value * 1000).toFixed(0)} µs`;
  if (value < 10) return `${value.toFixed(2)} ms`;
  if (value < 1000) return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
  return `${(value / 1000).toFixed(2)} s`;
}

/** -1 is "not known". */
export function nanoseconds(value: number): string {
  if (value < 0) return "not known";
  return value < 1000 ? `${value} ns` : milliseconds(value / 1e6);
}

/** 3 d 4 h, 5 m 2 s. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: [number, string][] = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, date: boolean, fraction: boolean): Intl.DateTimeFormat {
  const id = `${zone}|${date}|${fraction}`;
  let found = formatters.get(id);
  if (!found) {
    found = new Intl.DateTimeFormat("sv-SE", {
      ...(zone === "local" ? {} : { timeZone: zone }),
      ...(date ? { year: "numeric", month: "2-digit", day: "2-digit" } : {}),
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      ...(fraction ? { fractionalSecondDigits: 3 as const } : {}),
    });
    formatters.set(id, found);
  }
  return found;
}

/** 2026-11-29 10:53:02.123 in the zone of the settings. */
export function time(ms: number, options: { date?: boolean; fraction?: boolean } = {}): string {
  if (!Number.isFinite(ms) || ms < 0 || ms > 8.64e15) return "none";
  return formatter(preferences.zone.value, options.date ?? true, options.fraction ?? true)
    .format(ms)
    .replace(",", ".");
}

export const clock = (ms: number): string => time(ms, { date: false, fraction: false });

/** What the zone of the settings is called, for headings. */
export function zoneName(): string {
  const zone = preferences.zone.value;
  return zone === "local" ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone;
}

/** The value of a setting as a person says it: 604800000 of retention.ms is "7 d". Empty: nothing to add. */
export function meaning(key: string, value: string): string {
  if (!/^-?\d+$/.test(value)) return "";
  if (value === "9223372036854775807") return "no bound";
  if (value === "-1" && /\.(ms|bytes)$/.test(key)) return "no bound";
  const number = Number(value);
  if (/\.ms$/.test(key)) return number >= 1000 ? span(number) : "";
  if (/bytes/.test(key)) return number >= 1024 ? bytes(number) : "";
  return "";
}

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
