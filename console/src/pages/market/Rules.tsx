import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { directionOf, shown } from "@/format/decimal";

type Body = Schemas["InstrumentsAnswer"];
export type Instrument = Body["instruments"][number];

/** The fees of an instrument that the configuration states, in words; who charges the others is the venue alone. */
export function feesText({ fees }: Pick<Instrument, "fees">): string {
  return fees.map((fee) => `${fee.name} ${shown(fee.value)} ${fee.unit}`).join(", ");
}

const COLUMNS: readonly Column<Instrument>[] = [
  { id: "instrument", head: "Instrument", text: (row) => row.instrument, cell: (row) => <span className="font-medium">{row.instrument}</span> },
  { id: "product", head: "Product", text: (row) => row.product.replaceAll("_", " "), className: "text-text2" },
  { id: "account", head: "Account", text: (row) => row.account, className: "text-text2" },
  {
    id: "tick",
    head: "Tick",
    align: "right",
    sort: "amount",
    text: (row) => row.tick,
    cell: (row) => (
      <span>
        <Amount value={row.tick} unit={row.quote} />
        {row.tick_below_one !== null && <span className="ml-2 text-2xs text-muted">below 1: {shown(row.tick_below_one)}</span>}
      </span>
    ),
  },
  { id: "lot", head: "Lot", align: "right", sort: "amount", text: (row) => row.lot, cell: (row) => <Amount value={row.lot} unit={row.underlying} /> },
  { id: "qty_min", head: "Least quantity", align: "right", sort: "amount", text: (row) => row.qty_min, cell: (row) => <Amount value={row.qty_min} unit={row.underlying} /> },
  {
    id: "notional_min",
    head: "Least notional",
    align: "right",
    sort: "amount",
    text: (row) => row.notional_min,
    cell: (row) => (directionOf(row.notional_min) === 0 ? <span className="text-muted">none</span> : <Amount value={row.notional_min} unit={row.quote} />),
  },
  { id: "contract_size", head: "Contract", align: "right", sort: "amount", text: (row) => row.contract_size, cell: (row) => <Amount value={row.contract_size} /> },
  {
    id: "fees",
    head: "Fees as configured",
    sort: "none",
    text: feesText,
    cell: (row) =>
      row.fees.length === 0 ? <span className="text-muted">none stated</span> : <span className="num text-2xs" title={row.fees.map((fee) => fee.stated_by).join(", ")}>{feesText(row)}</span>,
  },
];

/** By which rules each instrument trades, and what that costs. The one that is shown stands out. */
export function Rules({ chosen }: { chosen: string | undefined }) {
  const found = useRead<Body>("/instruments", {}, { follows: false });
  return (
    <Panel title="Trading rules" testid="rules" flush>
      <Answer query={found} lines={2}>
        {(body) => (
          <DataTable
            testid="rules-table"
            label="trading rules"
            columns={COLUMNS}
            rows={body.instruments}
            rowKey={(row) => row.instrument}
            openKey={chosen ?? null}
            tools={body.instruments.length > 8}
            empty={<Empty icon="market">nothing is traded at an account</Empty>}
          />
        )}
      </Answer>
    </Panel>
  );
}
