/** Instants arrive in RFC 3339 and are shown in the zone that the reader chose, always with the zone's name beside them. */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(zone: string, kind: "clock" | "day" | "both"): Intl.DateTimeFormat {
  const key = `${zone} ${kind}`;
  let format = formats.get(key);
  if (!format) {
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
    const day = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone,
      ...(kind === "day" ? day : kind === "clock" ? clock : { ...day, ...clock }),
    });
    formats.set(key, format);
  }
  return format;
}

export function clockOf(instant: string | number | Date, zone: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.valueOf()) ? String(instant) : formatIn(zone, "clock").format(date);
}

export function dayOf(instant: string | number | Date, zone: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.valueOf()) ? String(instant) : formatIn(zone, "day").format(date);
}

/** `2025-12-02 20:45:31` in a zone. */
export function momentOf(instant: string | number | Date, zone: string): string {
  return `${dayOf(instant, zone)} ${clockOf(instant, zone)}`;
}

/** The milliseconds of an instant, as `.626`, for rows in which seconds are too coarse. */
export function millisOf(instant: string): string {
  const found = /\.(\d{1,3})/.exec(instant);
  return found ? `.${(found[1] ?? "").padEnd(3, "0")}` : ".000";
}

/** An age in words of one or two units: `0.8 s`, `12 s`, `3 min 05 s`, `2 h 10 min`, `4 d 3 h`. */
export function ageText(seconds: number): string {
  const s = Math.max(0, seconds);
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(Math.floor(s % 60)).padStart(2, "0")} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** A span of milliseconds: `85 ms`, `1.4 s`, `41.0 s`, then as an age. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return ageText(ms / 1000);
}

/** A span that arrived as a text of milliseconds; a dash where there is none. */
export function spanOf(ms: string | null | undefined): string {
  return ms === null || ms === undefined ? "—" : spanText(Number(ms));
}
