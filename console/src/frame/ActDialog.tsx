import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { command, jobOf, previewOf, type Preview, type Taken } from "@/api/acts";
import { useSession } from "@/api/session";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { Layer } from "@/components/Dialog";
import { Side } from "@/components/order";
import { Icon } from "@/components/Icon";
import { Answer, Failed } from "@/components/States";
import { counted } from "@/format/counted";
import { keepAgreed, RealMoneyField, useRealMoney } from "./RealMoney";
import type { Wanted } from "./ui";

const REASON_MIN = 3;
const JOB_MS = 500;

function Part({ title, children, testid }: { title: string; children: ReactNode; testid?: string }) {
  return (
    <section className="flex flex-col gap-2 border-b border-line px-4 py-3" data-testid={testid}>
      <h3 className="m-0 text-xs font-semibold text-text2">{title}</h3>
      {children}
    </section>
  );
}

/** The verbs that cancel the orders that they name; of any other the orders are what works there. */
const CANCELS: ReadonlySet<string> = new Set(["halt", "kill", "order_cancel"]);

function Effect({ preview }: { preview: Preview }) {
  const { orders = [], nets = [], halts = [], limits = [], warnings = [], refused = null } = preview.effect;
  const cancels = CANCELS.has(preview.verb);
  if (refused !== null) {
    return (
      <p role="alert" className="m-0 flex items-center gap-2 text-danger" data-testid="act-refused">
        <Icon name="bad" size={14} />
        {`it would be refused: ${refused}`}
      </p>
    );
  }
  return (
    <>
      {warnings.map((text) => (
        <p key={text} className="m-0 flex items-center gap-2 text-warn" data-testid="act-warning">
          <Icon name="warn" size={14} />
          {text}
        </p>
      ))}
      {limits.length > 0 && <LimitRows rows={limits} />}
      <p className="m-0">
        {orders.length === 0 ? "No order is touched." : `${counted(orders.length, cancels ? "order is" : "order works there", cancels ? "orders are" : "orders work there")}${cancels ? " canceled" : ""}:`}
      </p>
      {orders.length > 0 && (
        <div className="max-h-40 overflow-auto rounded border border-line p-2" role="region" aria-label="the orders" tabIndex={0}>
          <ul className="m-0 grid list-none grid-cols-[auto_auto_auto_1fr_auto_auto] gap-x-3 gap-y-1 p-0">
            {orders.map((order) => (
              <li key={order.order_id} className="num contents text-2xs text-text2">
                <Side side={order.side} />
                <span className="text-right">{order.leaves}</span>
                <span className="text-right">{order.limit === null ? "—" : <Amount value={order.limit} />}</span>
                <span>{order.instrument}</span>
                <span className="text-muted">{order.account}</span>
                <span className="text-muted" title={order.order_id}>…{order.order_id.slice(-8)}</span>
              </li>
            ))}
          </ul>
        </div>
      )}
      {halts.map((halt) => (
        <p key={halt.halt_id} className="m-0 flex items-center gap-2 text-xs text-text2">
          <Badge tone="bad" icon="halt">
            {halt.scope}
          </Badge>
          {halt.target} {halt.reason}
        </p>
      ))}
      {nets.length > 0 && (
        <ul className="m-0 flex list-none flex-wrap gap-x-6 gap-y-1 p-0">
          {nets.map((net) => (
            <li key={`${net.owner} ${net.underlying}`} className="flex gap-2 text-2xs">
              <span className="text-muted">{net.owner}</span>
              <Amount value={net.net} unit={net.underlying} />
              <Amount value={net.usd} places={2} unit="USD" />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

type LimitRow = NonNullable<Preview["effect"]["limits"]>[number];

/** What a limit becomes for each of whom it bounds, and how much of it is used then. */
function LimitRows({ rows }: { rows: readonly LimitRow[] }) {
  return (
    <ul className="m-0 flex list-none flex-col gap-1 p-0" data-testid="act-limits">
      {rows.map((row) => (
        <li key={row.scope} className="flex flex-wrap items-center gap-x-3 text-xs" data-testid="act-limit">
          <span className="font-medium">{row.scope}</span>
          <span className="text-text2">
            <Amount value={row.limit} unit={row.unit} /> → <Amount value={row.to} unit={row.unit} />
          </span>
          {row.current === null ? (
            <span className="text-2xs text-muted">bounds each order</span>
          ) : (
            <span className="text-2xs text-text2">
              used <Amount value={row.current} unit={row.unit} />: {row.use_pct ?? "?"} % now, {row.use_pct_then ?? "?"} % then
            </span>
          )}
          {row.is_over && <Badge tone="bad">over it at once</Badge>}
        </li>
      ))}
    </ul>
  );
}

/** What the engine says beside having taken the act: that another halt stands already, and why. */
function Note({ taken }: { taken: Taken }) {
  return taken.note ? (
    <p className="m-0 text-xs text-text2" data-testid="act-note">
      {taken.note}
    </p>
  ) : null;
}

/** What became of the act; a kill is over only when every venue has confirmed that nothing is open. */
function Outcome({ taken, wanted }: { taken: Taken; wanted: Wanted }) {
  const job = useQuery({
    queryKey: ["job", taken.job],
    queryFn: () => jobOf(taken.job ?? ""),
    enabled: Boolean(taken.job),
    refetchInterval: ({ state }) => (state.data && state.data.state !== "running" ? false : JOB_MS),
  });
  if (!taken.job) {
    return (
      <Part title="Done" testid="act-done">
        <p className="m-0 flex items-center gap-2">
          <Badge tone="good">taken</Badge>
          {`${wanted.title}${taken.seq === null ? "" : `: event ${taken.seq} of the journal`}${taken.repeated ? ", once, as before" : ""}`}
        </p>
        <Note taken={taken} />
      </Part>
    );
  }
  return (
    <Part title="Verified at the venues" testid="act-job">
      <Answer query={job} lines={2}>
        {(body) => {
          const sure = body.venues.filter((venue) => venue.confirmed).length;
          const tone = body.state === "running" ? "info" : body.confirmed ? "good" : "bad";
          return (
            <>
              <p className="m-0 flex items-center gap-2" role="status" data-testid="kill-verdict" data-confirmed={body.confirmed}>
                <Badge tone={tone}>{body.state === "running" ? "asking" : body.confirmed ? "confirmed" : "NOT confirmed"}</Badge>
                {`${sure} of ${body.venues.length} venues confirm that no order is open`}
              </p>
              <Note taken={taken} />
              <ul className="m-0 flex list-none flex-col gap-1 p-0">
                {body.venues.map((venue) => (
                  <li key={venue.account} className="flex items-center gap-3" data-testid="kill-venue" data-account={venue.account}>
                    <span className="w-32 truncate">{venue.account}</span>
                    <Badge tone={venue.confirmed ? "good" : "unknown"}>{venue.confirmed ? "none open" : "not confirmed"}</Badge>
                    <span className="num text-2xs text-muted">
                      {venue.open_orders === null ? "open orders: unknown" : `open orders: ${venue.open_orders}`}
                    </span>
                  </li>
                ))}
              </ul>
              {body.open_orders.map((order) => (
                <p key={order.order_id} className="num m-0 text-2xs text-danger" data-testid="kill-open-order">
                  {`${order.status}: ${order.side} ${order.leaves} ${order.instrument} at ${order.account} (${order.order_id})`}
                </p>
              ))}
            </>
          );
        }}
      </Answer>
    </Part>
  );
}

/** Preview, confirmation, reason and then one command with one key: pressing twice is doing once. */
export function ActDialog({ wanted, onClose }: { wanted: Wanted; onClose: () => void }) {
  const { standing } = useSession();
  const csrf = standing.state === "in" ? (standing.session.csrf ?? "") : "";
  const key = useRef(crypto.randomUUID());
  const underWay = useRef(false);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [account, setAccount] = useState("");
  const { isAsked, accounts } = useRealMoney(wanted);
  const preview = useQuery({
    queryKey: ["preview", wanted.verb, wanted.body],
    queryFn: () => previewOf(wanted, csrf),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
  const send = useMutation({
    mutationFn: () => command(wanted, { reason, version: preview.data?.version ?? null, csrf, key: key.current }),
    onSuccess: () => isAsked && keepAgreed(),
    // Sent again after a refusal or silence, it has the same key: the API does it once or answers as before.
    onError: () => {
      underWay.current = false;
    },
  });
  const asked = preview.data?.confirm || null;
  const isRefused = (preview.data?.effect.refused ?? null) !== null;
  const ready = preview.data !== undefined && !isRefused && reason.trim().length >= REASON_MIN && (asked === null || typed === asked) && (!isAsked || accounts.includes(account));

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (!ready || underWay.current) return;
    underWay.current = true;
    send.mutate();
  }

  return (
    <Layer open onClose={onClose} title={wanted.title} says={wanted.says} testid={`act-${wanted.verb}`} tone={wanted.danger ? "danger" : "plain"}>
      <form onSubmit={submit}>
        <Part title="What it will do" testid="act-preview">
          <Answer query={preview}>{(body) => <Effect preview={body} />}</Answer>
          <div>
            <CommandLine text={wanted.cli} testid="act-cli" />
          </div>
        </Part>
        {send.data ? (
          <Outcome taken={send.data} wanted={wanted} />
        ) : (
          <Part title="Reason and confirmation">
            <label className="flex flex-col gap-1 text-2xs text-muted">
              Reason, kept in the journal with your name
              <input
                data-testid="act-reason"
                value={reason}
                required
                minLength={REASON_MIN}
                maxLength={200}
                onChange={(event) => setReason(event.target.value)}
                className="h-8 rounded-md border border-field bg-s2 px-2 text-xs text-text"
              />
            </label>
            {asked !== null && (
              <label className="flex flex-col gap-1 text-2xs text-muted">
                <span>
                  Type <span className="num font-semibold text-text" data-testid="act-asked">{asked}</span> to confirm
                </span>
                <input
                  data-testid="act-confirm"
                  value={typed}
                  autoComplete="off"
                  spellCheck={false}
                  onChange={(event) => setTyped(event.target.value)}
                  className="num h-8 rounded-md border border-field bg-s2 px-2 text-xs text-text"
                />
              </label>
            )}
            {isAsked && <RealMoneyField accounts={accounts} value={account} onChange={setAccount} />}
            {send.isError && <Failed error={send.error} />}
          </Part>
        )}
        <footer className="flex items-center justify-end gap-2 px-4 py-3">
          <Button onClick={onClose} data-testid="act-close">
            {send.data ? "Close" : "Leave it"}
          </Button>
          {!send.data && (
            <Button type="submit" look={wanted.danger ? "danger" : "primary"} disabled={!ready || send.isPending} data-testid="act-send">
              {send.isPending ? "sending…" : wanted.title}
            </Button>
          )}
        </footer>
      </form>
    </Layer>
  );
}
