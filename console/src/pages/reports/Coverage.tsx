import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { DataTable } from "@/components/DataTable";
import { Facts, Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";

type Pnl = Schemas["PnlAnswer"];
type Cost = Schemas["CostBody"] & { kind: string };

const COSTS: readonly Column<Cost>[] = [
  { id: "kind", head: "Cost", text: (row) => row.kind.replaceAll("_", " "), cell: (row) => <span className="font-medium">{row.kind.replaceAll("_", " ")}</span> },
  { id: "usd", head: "Known", align: "right", sort: "amount", text: (row) => row.usd, cell: (row) => <Amount value={row.usd} places={2} unit="USD" /> },
  { id: "observations", head: "Seen", align: "right", sort: "amount", text: (row) => `${row.observations}`, cell: (row) => <span className="num">{row.observations}</span> },
  { id: "missing", head: "Without a value", align: "right", sort: "amount", text: (row) => `${row.missing}`, cell: (row) => <span className={row.missing > 0 ? "num text-warn" : "num text-muted"}>{row.missing}</span> },
];

/** What the results know of costs and values, and what they do not: nothing that is missing is taken for zero. */
export function Coverage() {
  const pnl = useRead<Pnl>("/pnl");
  return (
    <Panel title="What results know" testid="coverage" flush>
      <Answer query={pnl} lines={3}>
        {({ total, coverage, ledger, suspense }) => (
          <>
            <DataTable testid="costs-table" label="coverage of costs" columns={COSTS} rows={Object.entries(total.costs).map(([kind, cost]) => ({ kind, ...cost }))} rowKey={(row) => row.kind} tools={false} empty={<Empty icon="reports">no cost was seen yet</Empty>} />
            <div className="border-t border-line p-3">
              <Facts
                testid="coverage-facts"
                rows={[
                  ["trades without a result", <span key="u" className="num">{`${total.unpriced} of ${total.slices}`}</span>],
                  ["valued by a mark of later", <span key="e" className="num">{coverage.early_marks}</span>],
                  ["quantities by an assumed ratio", <span key="a" className="num">{coverage.assumed_quantities}</span>],
                  ["could not be matched", <span key="r" className="num">{coverage.refused.length}</span>],
                  ["moved and not explained", <span key="s" className="num">{suspense.length}</span>],
                  ["ledger", <span key="l" className="inline-flex flex-wrap gap-2"><Badge tone={ledger.balances ? "good" : "bad"}>{ledger.balances ? "balances" : "does not balance"}</Badge><Badge tone={ledger.agrees_with_pnl ? "good" : "bad"}>{ledger.agrees_with_pnl ? "agrees with results" : "differs from results"}</Badge></span>],
                ]}
              />
            </div>
          </>
        )}
      </Answer>
    </Panel>
  );
}
