/** What the stream says: the whole state first, then numbered changes, and a tick each second. */

export type RowKey = "order_id" | "ref";

/** The channels whose bodies are rows; every other channel is one document that is replaced as a whole. */
export const ROW_KEYS: Readonly<Record<string, RowKey>> = { orders: "order_id", executions: "order_id", trades: "ref" };
export const EVENTS_KEPT = 100;
/** A bound for a server that never says what is gone. */
export const ROWS_KEPT = 1000;

export type Snapshot = { type: "snapshot"; stream: string; seq: number; state: Record<string, unknown> };
export type Delta = {
  type: "delta";
  seq: number;
  channel: string;
  body?: unknown;
  upsert?: Row[];
  gone?: unknown[];
  append?: unknown[];
};
export type Moment = { seq: number; at: string | null };
export type Tick = { type: "tick"; seq: number; now: string; as_of: Moment | null; live: boolean; read_age_s?: number | null; age_s_max?: number };
export type Message = Snapshot | Delta | Tick;
export type Row = Record<string, unknown>;

export function readMessage(text: string): Message | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== "object" || found === null) return null;
  const { type, seq } = found as { type?: unknown; seq?: unknown };
  const known = type === "snapshot" || type === "delta" || type === "tick";
  return known && typeof seq === "number" ? (found as Message) : null;
}

/** The rows after a change, the oldest first: those with a known key are replaced where they stand, new ones come last. */
function upserted(rows: readonly Row[], news: readonly Row[], gone: readonly unknown[], key: RowKey): Row[] {
  const changed = new Map(news.map((row) => [row[key], row]));
  const left = new Set(gone);
  const kept = rows.filter((row) => !left.has(row[key])).map((row) => {
    const found = changed.get(row[key]);
    changed.delete(row[key]);
    return found ?? row;
  });
  return [...kept, ...changed.values()].slice(-ROWS_KEPT);
}

function rowsOf(body: unknown): readonly Row[] {
  return Array.isArray(body) ? (body as Row[]) : [];
}

/** The body of a channel after a delta. Bodies are never changed in place, so that a reader sees by identity what moved. */
export function changed(body: unknown, delta: Delta): unknown {
  if (delta.body !== undefined) return delta.body;
  const key = ROW_KEYS[delta.channel];
  if (delta.upsert && key) return upserted(rowsOf(body), delta.upsert, delta.gone ?? [], key);
  if (delta.append) return [...rowsOf(body), ...(delta.append as Row[])].slice(-EVENTS_KEPT);
  return body;
}
