import { PageHead } from "@/components/PageHead";
import { Flat } from "./Flat";
import { LatestEvents } from "./Events";
import { Nets } from "./Nets";
import { Attention } from "./Attention";

/** Is the book flat, what did it earn, what needs a person. */
export function Page() {
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Overview" cli="flatbook status" />
      <Flat />
      <Nets />
      <div className="grid gap-3 xl:grid-cols-2">
        <Attention />
        <LatestEvents />
      </div>
    </div>
  );
}
