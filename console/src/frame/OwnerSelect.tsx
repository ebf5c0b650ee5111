import { Select } from "@/components/Select";
import { useChannel } from "@/live/channels";
import { useView } from "@/view/address";

/** Whose orders a page shows; nothing where there is one owner only. The choice stands in the address. */
export function OwnerSelect() {
  const [{ owner = "" }, change] = useView();
  const status = useChannel("status");
  const owners = [...new Set(status?.nets.map((net) => net.owner))].sort();
  if (owners.length < 2) return null;
  const choices = [{ value: "", label: "every owner" }, ...owners.map((value) => ({ value, label: value }))];
  return <Select value={owner} choices={choices} label="Whose orders" testid="owner" onChange={(next) => change({ owner: next })} />;
}
