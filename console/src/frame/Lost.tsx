import { Empty } from "@/components/States";

export function Lost() {
  return (
    <Empty icon="unknown" testid="lost">
      there is no such page
    </Empty>
  );
}
