import { PageHead } from "@/components/PageHead";
import { Attention } from "./Attention";
import { Earnings } from "./Earnings";
import { LatestEvents } from "./Events";
import { Flat } from "./Flat";
import { Nets } from "./Nets";
import { Objectives } from "./Objectives";
import { Parts } from "./Parts";
import { Strategies } from "./Strategies";
import { UnderWay } from "./UnderWay";

/** Is the book flat, does it hold to what it should, what did it earn and how, what needs a person. */
export function Page() {
  return (
    <div className="flex flex-col gap-3">
      <PageHead title="Overview" cli="flatbook status" />
      <Flat />
      <Nets />
      <Objectives />
      <Earnings />
      <Strategies />
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-3">
          <UnderWay />
          <Attention />
          <Parts />
        </div>
        <LatestEvents />
      </div>
    </div>
  );
}
