// Times that people type: in the zone of the settings, or as the command line takes them.

function zoneOffsetMs(atMs: number, zone: string): number {
  if (zone === "local") return -new Date(atMs).getTimezoneOffset() * 60_000;
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(atMs);
  const part = (type: string) => Number(parts.find((each) => each.type === type)?.value);
  const there = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return there - Math.floor(atMs / 1000) * 1000;
}

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "-15m", "2026-11-29 10:53:02", "2026-11-29T10:53:02Z" or milliseconds since 1970; null: none of these. */
export function parseTime(text: string, zone: string, nowMs: number): number | null {
  const word = text.trim();
  const ago = /^-(\d+)([smhd])$/.exec(word);
  if (ago) return nowMs - Number(ago[1]) * (units[ago[2] ?? "s"] ?? 1000);
  if (/^\d{9,}$/.test(word)) return Number(word);
  const there = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(word);
  if (!there) return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "0"] = there;
  const wall =
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) +
    Math.round(Number(fraction) * 1000);
  const offset = there[8];
  if (offset === "Z") return wall;
  if (offset !== undefined) {
    const sign = offset.startsWith("-") ? -1 : 1;
    return wall - sign * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2))) * 60_000;
  }
  const guess = wall - zoneOffsetMs(wall, zone);
  return wall - zoneOffsetMs(guess, zone); // Twice: the clocks may change in between.
}
