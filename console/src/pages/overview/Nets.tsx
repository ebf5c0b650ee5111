import type { Net } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge, type Tone } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { RowActions } from "@/components/RowActions";
import { Empty, Waiting } from "@/components/States";
import { Tip } from "@/components/Tip";
import type { Column } from "@/components/table";
import { directionOf, toPixels } from "@/format/decimal";
import { useUi, type Wanted } from "@/frame/ui";
import { useChannel } from "@/live/channels";

const BAR_PX = 72;

/** How long the bar of an amount is beside the largest; for drawing only. */
function barOf(usd: string | null, largest: number): number {
  return usd === null || largest === 0 ? 0 : Math.round((Math.abs(toPixels(usd)) / largest) * BAR_PX);
}

function Working({ buy, sell, unknown }: { buy: string; sell: string; unknown: boolean }) {
  const none = directionOf(buy) === 0 && directionOf(sell) === 0;
  if (none) return <span className="text-muted">—</span>;
  return (
    <span className={unknown ? "hatch rounded px-1 text-unknown" : ""}>
      {directionOf(buy) !== 0 && <Amount value={buy} signed />}
      {directionOf(sell) !== 0 && <Amount value={`-${sell}`} className="ml-2" />}
    </span>
  );
}

/** Whether a net stands open on purpose: it is no exposure to hedge, and not flat either. */
const isKept = (net: Net): boolean => net.flat && net.kept_by !== null && directionOf(net.net) !== 0;

/** What a net is: flat, held by what means to hold it, held back from its hedge, or open. */
export function stateOf(net: Net): string {
  if (isKept(net)) return net.kept_by === "grid" ? "held by grid" : "left unhedged";
  return net.flat ? "flat" : net.hold ? "held" : "open";
}

const toneOf = (net: Net): Tone => (isKept(net) ? "plain" : net.flat ? "good" : "warn");

function columnsOf(largest: number): readonly Column<Net>[] {
  return [
    { id: "underlying", head: "Asset", text: (net) => net.underlying, cell: (net) => <span className="font-semibold">{net.underlying}</span> },
    { id: "owner", head: "Owner", text: (net) => net.owner, className: "text-text2" },
    {
      id: "state",
      head: "State",
      text: (net) => (net.hold && !net.flat ? net.hold : stateOf(net)),
      cell: (net) => (
        <Tip says={net.hold ?? (net.hedged_from === null ? "hedged from any size" : `hedged from ${net.hedged_from}`)}>
          <span tabIndex={0} data-testid={`net-state-${net.underlying}`}>
            <Badge tone={toneOf(net)}>{stateOf(net)}</Badge>
          </span>
        </Tip>
      ),
    },
    { id: "net", head: "Net", align: "right", sort: "amount", text: (net) => net.net, cell: (net) => <Amount value={net.net} signed /> },
    {
      id: "usd",
      head: "Net, USD",
      align: "right",
      sort: "amount",
      text: (net) => net.usd,
      cell: (net) => (
        <span className="inline-flex items-center gap-2">
          <span className="h-1.5 rounded-full bg-warn" style={{ width: barOf(net.usd, largest) }} />
          <Amount value={net.usd} places={2} />
        </span>
      ),
    },
    {
      id: "working",
      head: "Working",
      align: "right",
      sort: "none",
      text: (net) => `${net.may_buy}/${net.may_sell}`,
      cell: (net) => <Working buy={net.may_buy} sell={net.may_sell} unknown={false} />,
    },
    {
      id: "unknown",
      head: "Unknown",
      align: "right",
      sort: "none",
      text: (net) => `${net.unknown_buy}/${net.unknown_sell}`,
      cell: (net) => <Working buy={net.unknown_buy} sell={net.unknown_sell} unknown />,
    },
    { id: "worst", head: "Worst case, USD", align: "right", sort: "amount", text: (net) => net.worst_usd, cell: (net) => <Amount value={net.worst_usd} places={2} /> },
    {
      id: "price",
      head: "Valued at",
      align: "right",
      sort: "amount",
      text: (net) => net.price,
      cell: (net) => (
        <Tip says={net.price_from === null ? "no price is known" : `${net.price_from}${net.price_at ? `, ${net.price_at}` : ""}`}>
          <span tabIndex={0} data-testid={`net-price-${net.underlying}`}>
            <Amount value={net.price} />
          </span>
        </Tip>
      ),
    },
    { id: "actions", head: "", text: () => null, sort: "none", align: "right", cell: (net) => <NetActions net={net} /> },
  ];
}

function NetActions({ net }: { net: Net }) {
  const { show } = useUi();
  if (directionOf(net.net) === 0) return null;
  const { owner, underlying } = net;
  const hedge: Wanted = {
    verb: "hedge-now",
    title: `Hedge ${underlying} now`,
    says: "Places the hedge of this net at once, whatever its threshold.",
    body: { owner, underlying },
    cli: `flatbook hedge ${owner} ${underlying} --reason "..."`,
    danger: true,
  };
  const flatten: Wanted = {
    verb: "flatten",
    title: `Flatten ${underlying}`,
    says: "Brings this net to zero at the market, whatever its threshold.",
    body: { owner, underlying },
    cli: `flatbook flatten --owner ${owner} --symbol ${underlying} --reason "..."`,
    danger: true,
  };
  const actions = [
    ...[hedge, flatten].map((wanted) => ({ name: wanted.title, testid: `net-${wanted.verb}`, act: () => show({ kind: "act", wanted }) })),
    { name: "Trade by hand", testid: "net-trade", act: () => show({ kind: "trade", net }) },
  ];
  return <RowActions label={`Acts on the net of ${owner} in ${underlying}`} actions={actions} testid={`net-actions-${underlying}`} />;
}

/** What each asset nets to, and what may still happen to it. */
export function Nets() {
  const status = useChannel("status");
  const nets = status?.nets ?? [];
  const largest = nets.reduce((most, net) => Math.max(most, net.usd === null ? 0 : Math.abs(toPixels(net.usd))), 0);
  return (
    <Panel title="Exposure by asset" testid="nets" seen={status?.as_of} flush>
      {status ? (
        <DataTable
          testid="nets-table"
          label="exposure by asset"
          columns={columnsOf(largest)}
          rows={nets}
          rowKey={(net) => `${net.owner} ${net.underlying}`}
          tools={false}
          empty={<Empty>no position was ever held</Empty>}
        />
      ) : (
        <Waiting />
      )}
    </Panel>
  );
}
