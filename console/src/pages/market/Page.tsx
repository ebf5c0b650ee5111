import type { Schemas } from "@/api/types";
import { useRead } from "@/api/queries";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Empty, Waiting } from "@/components/States";
import { useView } from "@/view/address";
import { useChannel } from "@/live/channels";
import { Basis } from "./Basis";
import { Book } from "./Book";
import { Books } from "./Books";
import { Candles } from "./Candles";
import { Offers } from "./Offers";
import { Prices } from "./Prices";
import { Rules } from "./Rules";
import { Spreads } from "./Spreads";

type Market = Schemas["MarketAnswer"];

/** What the running engine sees: books, spreads and prices, each with its age. Nothing of it is in the journal. */
export function Page() {
  const live = useChannel("market");
  const asked = useRead<Market>("/market", {}, { follows: false });
  const market = live ?? asked.data;
  const [{ instrument, candles }, change] = useView();
  const instruments = market?.instruments ?? [];
  const book = market?.books.find((one) => one.instrument === instrument) ?? market?.books[0];
  const chosen = [candles, book?.instrument].find((one) => one && instruments.includes(one)) ?? instruments[0];
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Market" says="what the running engine sees" />
      {!market && (
        <Panel title="Books" testid="books">
          <Waiting />
        </Panel>
      )}
      {market && !market.known && (
        <Panel title="Books" testid="books">
          <Empty icon="unknown">no engine could be asked, so nothing is known of the market</Empty>
        </Panel>
      )}
      {market?.known && (
        <>
          <Prices prices={market.prices} />
          <Offers />
          {chosen && <Candles instrument={chosen} instruments={instruments} onChoose={(next) => change({ candles: next, against: null })} />}
          {chosen && <Basis instrument={chosen} />}
          <Books books={market.books} chosen={book?.instrument ?? null} onChoose={(next) => change({ instrument: next })} />
          {book && (
            <div className="grid gap-3 xl:grid-cols-[1fr_1fr]">
              <Book book={book} />
              <Spreads key={book.instrument} book={book} />
            </div>
          )}
          <Rules chosen={chosen ?? book?.instrument} />
        </>
      )}
    </div>
  );
}
