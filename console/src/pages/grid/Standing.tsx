import type { Schemas } from "@/api/types";
import { Amount } from "@/components/Amount";
import { Badge, type Tone } from "@/components/Badge";
import { Moment } from "@/components/Moment";
import { Facts, Panel } from "@/components/Panel";
import { directionOf } from "@/format/decimal";

export type Grid = Schemas["GridBody"];

const HOLDS: Record<string, string> = {
  no_book: "no book is seen that may be read",
  halted: "it is halted",
  stopped: "the price left its range",
  locked: "orders were turned down",
  no_profit: "a step would not pay its fees",
  below_minimum: "an order would be below the least of its venue",
  inventory_full: "it holds as much as it may",
  no_funds: "nothing is left to open with",
  crosses_own: "an order would meet one of its own",
  orders_full: "as many orders stand as may",
};

/** How a grid stands in a word, and why. */
export function standingOf(grid: Grid): { word: string; tone: Tone; why: string | null } {
  if (grid.stop !== null) return { word: "stopped", tone: "bad", why: `the price left the range at its ${grid.stop.end} end` };
  if (!grid.begun) return { word: "not begun", tone: "unknown", why: "it opens once its book is fit" };
  if (grid.lock !== null) return { word: "locked", tone: "warn", why: grid.lock.short ? "orders were turned down for want of funds" : "orders were turned down" };
  if (grid.hold !== null) return { word: "held", tone: "warn", why: HOLDS[grid.hold] ?? grid.hold.replaceAll("_", " ") };
  return { word: "works", tone: "good", why: null };
}

/** What becomes of what a grid holds, step by step; nothing where it holds nothing. */
export function recoveryOf(grid: Grid): string[] {
  const steps: string[] = [];
  if (directionOf(grid.qty) !== 0) {
    if (grid.stop !== null && grid.flatten === true) steps.push("what it holds is closed at the touch, for it stopped and is told to flatten");
    else steps.push(`what it holds leaves slot by slot at the target of each, ${grid.exits_by === "maker" ? "resting; after three orders that were turned down at the touch" : "or at the touch where that is better"}`);
    if (directionOf(grid.older) !== 0) steps.push("what slots of earlier levels hold leaves at the target that it was opened with");
    if (directionOf(grid.exits) === 0) steps.push("no exit rests now: it comes with the next look at a book that is fit");
  }
  if (grid.stop !== null) steps.push(grid.stop.resumes ? "its range was changed: it goes on once the price lies within" : "it opens nothing until another range is configured and the price lies within");
  if (grid.lock !== null) steps.push("it opens again once the lock has ended; each lock that follows is twice as long");
  return steps;
}

/** A grid as a whole: its range, what was turned down, what it earned, and what becomes of what it holds. */
export function Standing({ grid }: { grid: Grid }) {
  const { word, tone, why } = standingOf(grid);
  const steps = recoveryOf(grid);
  const range = grid.low === null && grid.high === null ? null : [grid.low ?? "open", grid.high ?? "open"].join(" to ");
  return (
    <div className="grid gap-3 xl:grid-cols-2">
      <Panel title="How it stands" testid="grid-standing" actions={<Badge tone={tone} testid="grid-state">{word}</Badge>}>
        <Facts
          testid="grid-facts"
          rows={[
            ["why", why ?? <span key="why" className="text-muted">nothing holds it</span>],
            ["range", range === null ? <span key="range" className="text-muted">without an end</span> : <span key="range" className="num" data-testid="grid-range">{range}</span>],
            ["level 0", <Amount key="anchor" value={grid.anchor} unit={grid.quote} />],
            ["earned by cycles", <Amount key="profit" value={grid.profit} places={2} unit={grid.quote} tone="pnl" testid="grid-profit" />],
            ["turned down", <span key="rejects" className="num" data-testid="grid-rejects" title="orders that only rest and would have taken, since the last execution of their slot">{`${grid.rejects} that would have taken`}</span>],
            ["orders", <span key="orders" className="num">{`${grid.entries_open} entries, ${grid.exits_open} exits`}</span>],
            ...(grid.stop === null ? [] : ([["stopped", <Moment key="stop" at={grid.stop.at} />]] as const)),
            ...(grid.lock === null ? [] : ([["locked until", <span key="lock"><Moment at={grid.lock.until} /> {`the ${grid.lock.times}. in a row`}</span>]] as const)),
          ]}
        />
      </Panel>
      <Panel title="What becomes of what it holds" testid="grid-recovery">
        {directionOf(grid.qty) === 0 ? (
          <p className="m-0 text-muted">it holds nothing</p>
        ) : (
          <p className="m-0 flex flex-wrap gap-x-4 gap-y-1">
            <span>holds <Amount value={grid.qty} signed testid="grid-held" /></span>
            <span>at <Amount value={grid.average} unit={grid.quote} testid="grid-average" /></span>
            <span>exits rest for <Amount value={grid.exits} testid="grid-exits" /></span>
          </p>
        )}
        <ol className="m-0 mt-2 list-decimal pl-5 text-xs leading-6 text-text2" data-testid="grid-steps">
          {steps.map((step) => <li key={step}>{step}</li>)}
        </ol>
      </Panel>
    </div>
  );
}
