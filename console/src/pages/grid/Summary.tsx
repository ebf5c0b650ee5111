import { Amount } from "@/components/Amount";
import { Figure, Panel } from "@/components/Panel";
import { Unknown } from "@/components/Unknown";
import { useChannel } from "@/live/channels";
import { spreadText, type BookBody } from "@/pages/market/Books";
import type { Slot } from "./Ladder";

/** A grid in one line: where the market is, how much of the ladder works and holds, and what it came to. */
export function Summary({ owner, slots, book }: { owner: string; slots: readonly Slot[]; book: BookBody | undefined }) {
  const pnl = useChannel("pnl");
  const status = useChannel("status");
  const net = status?.nets.find((each) => each.owner === owner);
  const line = pnl?.lines.find((each) => each.owner === owner);
  const working = slots.filter((slot) => slot.order !== null);
  const exits = working.filter((slot) => slot.order?.exit);
  const cycles = slots.reduce((sum, slot) => sum + slot.cycles, 0);
  return (
    <Panel title={owner} testid="grid-summary" note={slots[0]?.instrument} flush>
      <div className="flex flex-wrap items-stretch divide-x divide-line">
        <Figure name="middle of the market" testid="grid-mid" sub={book?.spread_bps == null ? undefined : `spread ${spreadText(book)} bps`}>
          <Amount value={book?.mid} />
        </Figure>
        <Figure name="holds" testid="grid-holds" sub="on purpose: no hedge takes it back">
          {net ? <Amount value={net.net} unit={net.underlying} signed /> : <Unknown />}
        </Figure>
        <Figure name="worth" testid="grid-worth" sub={net?.price_from ? `valued at the ${net.price_from}` : undefined}>
          {net ? <Amount value={net.usd} places={2} unit="USD" /> : <Unknown />}
        </Figure>
        <Figure name="orders" testid="grid-orders" sub={`${working.length - exits.length} entries, ${exits.length} exits`}>
          <span className="num">{working.length}</span>
        </Figure>
        <Figure name="cycles" testid="grid-cycles" sub="bought and sold again">
          <span className="num">{cycles}</span>
        </Figure>
        <Figure name="earned after costs" testid="grid-earned" sub="first in, first out">
          {line ? <Amount value={line.net_usd} places={2} unit="USD" tone="pnl" /> : <Amount value="0" places={2} unit="USD" />}
        </Figure>
      </div>
    </Panel>
  );
}
