/** Acts on the desk. Each is previewed, and sent with a key by which the API knows a second press from a second act. */
import { ask } from "./client";
import type { Schemas } from "./types";

const ROOT = "/api/v1";

/** What each verb is told, besides the reason and the version that was agreed to. */
export type Bodies = {
  halt: Schemas["HaltTradingPreview"];
  lift: Schemas["LiftHaltPreview"];
  drain: Schemas["DrainDeskPreview"];
  flatten: Schemas["FlattenNetsPreview"];
  kill: Schemas["KillTradingPreview"];
  cancel: Schemas["CancelOrderPreview"];
  "hedge-now": Schemas["HedgeNowPreview"];
  recheck: Schemas["RecheckOrderPreview"];
  release: Schemas["ReleaseFillPreview"];
  reconcile: Schemas["ReconcileBooksPreview"];
  reconnect: Schemas["ReconnectStreamsPreview"];
  "set-limit": Schemas["SetLimitPreview"];
  trade: Schemas["PlaceOrderPreview"];
};
export type Verb = keyof Bodies;
export type Act = { [verb in Verb]: { verb: verb; body: Bodies[verb] } }[Verb];

export type Preview = Schemas["PreviewAnswer"];
export type Taken = Schemas["CommandTaken"];
export type Job = Schemas["JobBody"];

type Sent = { reason: string; version: string | null; csrf: string; key: string };

export function previewOf({ verb, body }: Act, csrf: string): Promise<Preview> {
  return ask<Preview>(`${ROOT}/previews/${verb}`, { method: "POST", body, headers: { "x-csrf-token": csrf } });
}

export function command({ verb, body }: Act, { reason, version, csrf, key }: Sent): Promise<Taken> {
  return ask<Taken>(`${ROOT}/commands/${verb}`, {
    method: "POST",
    body: { ...body, reason, expected_version: version },
    headers: { "x-csrf-token": csrf, "idempotency-key": key },
  });
}

export function jobOf(id: string): Promise<Job> {
  return ask<Job>(`${ROOT}/jobs/${encodeURIComponent(id)}`);
}
