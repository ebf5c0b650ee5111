import type { Order, Schemas } from "@/api/types";
import { AgeChip } from "@/components/Age";
import { Amount } from "@/components/Amount";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Side } from "@/components/order";
import { Panel } from "@/components/Panel";
import { Empty } from "@/components/States";
import { Unknown } from "@/components/Unknown";
import type { Column } from "@/components/table";
import { useUi, type Wanted } from "@/frame/ui";
import { useChannel } from "@/live/channels";
import { cancelOf, recheckOf } from "@/pages/orders/OrderActions";

type Held = Schemas["HeldFillBody"];

function Acts({ acts }: { acts: readonly { word: string; testid: string; wanted: Wanted }[] }) {
  const { show } = useUi();
  return (
    <span className="inline-flex gap-1">
      {acts.map(({ word, testid, wanted }) => (
        <Button
          key={testid}
          small
          data-testid={testid}
          onClick={(event) => {
            event.stopPropagation();
            show({ kind: "act", wanted });
          }}
        >
          {word}
        </Button>
      ))}
    </span>
  );
}

/** Decides on a fill whose hedge waits for a person. */
export function releaseOf(fill: Held, hedge: boolean): Wanted {
  return {
    verb: "release",
    title: hedge ? "Release the fill to be hedged" : "Leave the fill unhedged",
    says: hedge ? "Its hedge no longer waits: it is placed by the rules of its net." : "It stays as it is for good, and nothing hedges it.",
    body: { log: fill.log, hedge },
    cli: `flatbook fill release ${fill.log}${hedge ? "" : " --unhedged"} --reason "..."`,
    danger: true,
  };
}

const ORDERS: readonly Column<Order>[] = [
  { id: "since", head: "Unknown for", text: (order) => order.unknown_since, cell: (order) => (order.unknown_since === null ? <Unknown /> : <AgeChip seen={{ seen_at: order.unknown_since }} always />) },
  { id: "side", head: "Side", text: (order) => order.side, cell: (order) => <Side side={order.side} /> },
  { id: "instrument", head: "Instrument", text: (order) => order.instrument },
  { id: "leaves", head: "May still fill", align: "right", sort: "amount", text: (order) => order.leaves, cell: (order) => <Amount value={order.leaves} /> },
  { id: "filled", head: "Filled", align: "right", sort: "none", text: () => null, cell: (order) => <Unknown since={order.unknown_since} /> },
  { id: "account", head: "Account", text: (order) => order.account, className: "text-text2" },
  { id: "owner", head: "Owner", text: (order) => order.owner, className: "text-text2" },
  {
    id: "acts",
    head: "",
    text: () => null,
    sort: "none",
    align: "right",
    cell: (order) => (
      <Acts
        acts={[
          { word: "Recheck", testid: "unsure-recheck", wanted: recheckOf(order) },
          { word: "Cancel", testid: "unsure-cancel", wanted: cancelOf(order) },
        ]}
      />
    ),
  },
];

const HELD: readonly Column<Held>[] = [
  { id: "seen", head: "Waits for", text: (fill) => fill.seen_at, cell: (fill) => <AgeChip seen={{ seen_at: fill.seen_at }} always /> },
  { id: "side", head: "Side", text: (fill) => fill.side, cell: (fill) => (fill.side === null ? <Unknown /> : <Side side={fill.side} />) },
  { id: "shares", head: "Shares", align: "right", sort: "amount", text: (fill) => fill.shares, cell: (fill) => <Amount value={fill.shares} unit={fill.underlying} /> },
  { id: "reason", head: "Why", text: (fill) => `${fill.reason.replaceAll("_", " ")} ${fill.detail}`.trim() },
  { id: "owner", head: "Owner", text: (fill) => fill.owner, className: "text-text2" },
  {
    id: "acts",
    head: "",
    text: () => null,
    sort: "none",
    align: "right",
    cell: (fill) =>
      fill.shares_assumed ? (
        <span className="text-2xs text-muted">waits for its value</span>
      ) : (
        <Acts
          acts={[
            { word: "Release", testid: "unsure-release", wanted: releaseOf(fill, true) },
            { word: "Leave unhedged", testid: "unsure-leave", wanted: releaseOf(fill, false) },
          ]}
        />
      ),
  },
];

/** What nobody knows yet, or waits for a person: orders of unknown fate, and fills whose hedge is held. */
export function Unsure({ orders, waiting }: { orders: readonly Order[]; waiting: boolean }) {
  const { show } = useUi();
  const held = useChannel("positions")?.held_fills ?? [];
  const unknown = orders.filter((order) => order.status === "unknown");
  return (
    <Panel title="Unknown and held" testid="unsure" note="each counts as exposure until a venue or a person says otherwise" flush>
      {!waiting && unknown.length + held.length === 0 && <Empty>no order is of unknown fate, and no fill waits for a person</Empty>}
      {unknown.length > 0 && (
        <DataTable
          testid="unsure-orders"
          label="orders of unknown fate"
          columns={ORDERS}
          rows={unknown}
          rowKey={(order) => order.order_id}
          rowTone={() => "hatch"}
          onOpen={(order) => show({ kind: "chain", ref: `order:${order.order_id}` })}
          tools={false}
        />
      )}
      {held.length > 0 && (
        <DataTable testid="unsure-fills" label="fills that wait for a person" columns={HELD} rows={held} rowKey={(fill) => fill.log} onOpen={(fill) => show({ kind: "chain", ref: `log:${fill.log}` })} tools={false} />
      )}
    </Panel>
  );
}
