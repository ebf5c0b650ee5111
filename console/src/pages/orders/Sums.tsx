import type { ReactNode } from "react";
import { useRead } from "@/api/queries";
import type { Query } from "@/api/client";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Answer } from "@/components/States";
import { SLIPPAGE_COST } from "@/format/parts";
import { counted } from "@/format/counted";

type OrderSums = Schemas["OrderSumsAnswer"];
type TradeSums = Schemas["TradeSumsAnswer"];

/** How many orders went how, those of which there are none left out. */
export function outcomesText(outcomes: OrderSums["outcomes"]): string {
  const some = Object.entries(outcomes).filter(([, count]) => count > 0);
  return some.length === 0 ? "none" : some.map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

/** A fee in a coin may be so small that two places would call it zero. */
const FEE_PLACES = 6;

type AmountsProps = { name: string; amounts: Readonly<Record<string, string>>; testid: string; small?: boolean };

function Amounts({ name, amounts, testid, small = false }: AmountsProps) {
  const entries = Object.entries(amounts);
  if (entries.length === 0) return null;
  return (
    <span className="inline-flex items-baseline gap-2" data-testid={testid}>
      <span className="text-muted">{name}</span>
      {entries.map(([asset, amount]) => (
        <Amount key={asset} value={amount} {...(small ? { most: FEE_PLACES } : { places: 2 })} unit={asset} />
      ))}
    </span>
  );
}

const Line = ({ children, testid }: { children: ReactNode; testid: string }) => (
  <div className="flex flex-wrap items-baseline gap-x-5 gap-y-1 border-t border-line bg-s2 px-3 py-1.5 text-xs" data-testid={testid}>
    <span className="font-semibold text-text2">All that are asked for</span>
    {children}
  </div>
);

/** What all orders that are asked for come to, shown or not. */
export function OrdersSum({ query }: { query: Query }) {
  const sums = useRead<OrderSums>("/sums/orders", query);
  return (
    <Answer query={sums} lines={1}>
      {(body) => (
        <Line testid="orders-sum">
          <span data-testid="orders-sum-outcomes">
            <span className="text-muted">{counted(body.orders, "order")}: </span>
            {outcomesText(body.outcomes)}
          </span>
          <Amounts name="bought for" amounts={body.bought} testid="orders-sum-bought" />
          <Amounts name="sold for" amounts={body.sold} testid="orders-sum-sold" />
          <Amounts name="fees" amounts={body.fees} testid="orders-sum-fees" small />
          {body.slippage_usd !== null && (
            <span className="inline-flex items-baseline gap-2" data-testid="orders-sum-slippage" title={SLIPPAGE_COST}>
              <span className="text-muted">slippage cost of {counted(body.decided, "order")}</span>
              <Amount value={body.slippage_usd} places={2} unit="USD" signed />
            </span>
          )}
        </Line>
      )}
    </Answer>
  );
}

/** What all trades that are asked for come to, shown or not. */
export function TradesSum({ query }: { query: Query }) {
  const sums = useRead<TradeSums>("/sums/trades", query);
  return (
    <Answer query={sums} lines={1}>
      {(body) => (
        <Line testid="trades-sum">
          <span className="text-muted">{counted(body.trades, "trade")}</span>
          <Amounts name="bought for" amounts={body.bought} testid="trades-sum-bought" />
          <Amounts name="sold for" amounts={body.sold} testid="trades-sum-sold" />
          <Amounts name="fees" amounts={body.fees} testid="trades-sum-fees" small />
          {body.unpriced > 0 && <span className="text-warn">{counted(body.unpriced, "trade")} without money</span>}
        </Line>
      )}
    </Answer>
  );
}
