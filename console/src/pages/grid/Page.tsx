import { useRead } from "@/api/queries";
import type { Schemas } from "@/api/types";
import { PageHead } from "@/components/PageHead";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Answer, Empty } from "@/components/States";
import { useView } from "@/view/address";
import { useChannel } from "@/live/channels";
import { Ladder } from "./Ladder";
import { Standing } from "./Standing";
import { Summary } from "./Summary";

type Grids = Schemas["GridsAnswer"];

function Shown({ body }: { body: Grids }) {
  const market = useChannel("market");
  const [{ owner = "" }, change] = useView();
  const owners = [...new Set(body.grids.map((grid) => grid.owner))].sort();
  const shown = owners.includes(owner) ? owner : (owners[0] ?? "");
  const grids = body.grids.filter((grid) => grid.owner === shown);
  const slots = body.slots.filter((slot) => slot.owner === shown);
  const book = market?.books.find((one) => one.instrument === slots[0]?.instrument);
  return (
    <>
      <PageHead title="Grid" cli={shown === "" ? "flatbook grid slots" : `flatbook grid slots --owner ${shown}`}>
        {owners.length > 1 && <Select value={shown} choices={owners.map((value) => ({ value, label: value }))} label="Whose grid" testid="grid-owner" onChange={(next) => change({ owner: next })} />}
      </PageHead>
      {owners.length === 0 ? (
        <Panel title="Ladder" testid="ladder">
          <Empty icon="grid">no slot holds anything, and none works: a grid opens once its book is fit, in the demo when its tape has ended</Empty>
        </Panel>
      ) : (
        <>
          <Summary owner={shown} slots={slots} book={book} />
          {grids.map((grid) => <Standing key={grid.instrument} grid={grid} />)}
          <Ladder slots={slots} book={book} />
        </>
      )}
    </>
  );
}

/** Each grid as a ladder: what each slot holds, what works in it, and what it earned. */
export function Page() {
  const live = useChannel("grids");
  const asked = useRead<Grids>("/grids", {}, { follows: false });
  return (
    <div className="flex flex-col gap-3">
      {live ? <Shown body={live} /> : <Answer query={asked} lines={8}>{(body) => <Shown body={body} />}</Answer>}
    </div>
  );
}
