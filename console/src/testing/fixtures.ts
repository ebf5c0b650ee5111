/** Bodies as the API sends them, for tests only. */
import type { ChecksAnswer } from "@/api/checks";
import type { Session } from "@/api/session";
import type { Net, Status } from "@/api/types";

export const NET: Net = {
  owner: "desk",
  underlying: "COIN",
  net: "0",
  held: "0",
  unvalued: "0",
  provisional: "0",
  may_buy: "0",
  may_sell: "0",
  unknown_buy: "0",
  unknown_sell: "0",
  worst: "0",
  price: "278.9087",
  price_from: "last fill",
  price_at: "2025-12-10T18:53:00Z",
  usd: "0",
  worst_usd: "0",
  hold: null,
  flat: true,
  hedged_from: "1 share",
  kept_by: null,
};

export const FLAT: Status = {
  as_of: { seq: 279, at: "2025-12-11T18:52:27Z" },
  flat: true,
  known: true,
  thresholds_known: true,
  nets: [NET],
  open_usd: "0",
  unvalued: [],
  orders: { open: 0, unknown: 0, executions_missing: 0, foreign: 0 },
  halts: [],
  stops: [],
  held_grids: [],
  alerts: [],
  freezes: [],
  differences: [],
  draining: false,
  drain_waits_for: [],
  engine: { running: true, mode: "paper", epoch: 1, stopped_in_order: false, pid: 1, version: "0.1.0", queued: 0, in_flight: 0, cancel_only: false, chains: [], switches: [], warming: [] },
  last_event_age_s: 3,
};

export const SESSION: Session = { actor: "console:ann", scope: "admin", scopes: ["read", "trade", "risk", "admin"], credential: "session", csrf: "c1", ends_at: "2025-12-11T20:00:00Z" };

const NO_LOOK = { state: "never", actor: null, asked_at: null, ended_at: null, took_ms: null, age_s: null, why: null } as const;

export const CHECKS: ChecksAnswer = {
  doctor: { ...NO_LOOK, cli: "flatbook doctor", ok: null, findings: [] },
  journal: {
    ...NO_LOOK,
    cli: "flatbook events verify",
    whole: null,
    rows: null,
    events: null,
    segments: null,
    missing_segments: [],
    head: null,
    read: { seq: 171, hash: "c0ffee", at: "2025-12-11T18:52:27Z", fault: null },
  },
};
