import { Empty } from "@/components/States";

export function Lost() {
  return (
    <Empty icon="unknown" testid="lost">
      there is no such page: <a className="text-accent underline" href="/overview" data-testid="lost-back">back to the overview</a>
    </Empty>
  );
}
