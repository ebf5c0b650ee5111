import { PageHead } from "@/components/PageHead";
import { Segments } from "@/components/Select";
import { useView } from "@/view/address";
import { OrdersTable } from "./OrdersTable";
import { TradesTable } from "./TradesTable";

const VIEWS = [
  { value: "orders", label: "Orders" },
  { value: "trades", label: "Trades" },
] as const;

/** What was asked, accepted and filled, and what each trade closed. The view stands in the address. */
export function Page() {
  const [{ view = "orders" }, change] = useView();
  return (
    <div className="flex h-full flex-col gap-3">
      <PageHead title="Orders & trades" cli={view === "trades" ? "flatbook trades" : "flatbook orders"}>
        <Segments value={view} choices={VIEWS} label="What is listed" testid="orders-view" onChange={(next) => change({ view: next })} />
      </PageHead>
      {view === "trades" ? <TradesTable /> : <OrdersTable />}
    </div>
  );
}
