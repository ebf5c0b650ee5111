import { Link } from "@tanstack/react-router";
import { useChannel } from "@/live/channels";
import { useDeskNow, useLine } from "@/live/live";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Fresh, useIsPast } from "@/components/Age";
import { Icon } from "@/components/Icon";
import { Unknown } from "@/components/Unknown";
import { clockOf } from "@/format/time";
import { itemsOf } from "@/pages/overview/Attention";
import { useZone } from "@/settings/settings";
import { ExposureClock } from "./ExposureClock";
import { KILL } from "./stops";
import { useUi } from "./ui";
import { Venues, VenuesInShort } from "./Venues";

function Cell({ name, children, testid }: { name: string; children: React.ReactNode; testid: string }) {
  return (
    <div className="flex flex-col justify-center border-l border-line px-3 whitespace-nowrap" data-testid={testid}>
      <span className="text-2xs leading-4 text-muted">{name}</span>
      <span className="leading-5 font-semibold">{children}</span>
    </div>
  );
}

/** Flat, not flat or unknown, in a word: the one question of the console. */
export function FlatBadge() {
  const status = useChannel("status");
  const past = useIsPast();
  if (!status || past) return <Badge tone="unknown" testid="flat">unknown</Badge>;
  if (!status.known) return <Badge tone="unknown" testid="flat">fate unknown</Badge>;
  return status.flat ? <Badge tone="good" testid="flat">flat</Badge> : <Badge tone="warn" testid="flat">not flat</Badge>;
}

function Exposure() {
  const status = useChannel("status");
  if (!status) return <Unknown testid="top-exposure-unknown" />;
  return <Amount value={status.open_usd} places={2} unit="USD" testid="top-exposure-usd" />;
}

function EngineBadge() {
  const status = useChannel("status");
  const { phase } = useLine();
  const running = status?.engine.running ?? null;
  if (phase !== "live" || running === null || !status) return <Badge tone="unknown" testid="engine">unknown</Badge>;
  if (!running) return <Badge tone="bad" testid="engine">not running</Badge>;
  if (status.engine.cancel_only) return <Badge tone="warn" testid="engine">cancel only</Badge>;
  if (status.draining) return <Badge tone="warn" testid="engine">draining</Badge>;
  return <Badge tone="good" testid="engine">running</Badge>;
}

function Clock() {
  const zone = useZone();
  const now = useDeskNow();
  return (
    <Cell name={zone === "UTC" ? "desk, UTC" : `${zone.split("/").pop()?.replace("_", " ")} · UTC`} testid="clock">
      {now === null ? (
        <Unknown />
      ) : (
        <span className="num">
          {clockOf(now, zone)}
          {zone !== "UTC" && <span className="ml-2 text-muted">{clockOf(now, "UTC")}</span>}
        </span>
      )}
    </Cell>
  );
}

/** How many things wait for a person, and the way to them. */
function Bell() {
  const status = useChannel("status");
  const count = status ? itemsOf(status).length : 0;
  const says = count === 0 ? "Nothing needs a person" : `${count} ${count === 1 ? "thing needs" : "things need"} a person`;
  return (
    <Link to="/overview" hash="attention" aria-label={says} title={says} data-testid="bell" className="inline-flex items-center gap-1 border-l border-line px-3 text-text2 hover:text-text">
      <Icon name="bell" />
      {count > 0 && <Badge tone="warn" icon={null} testid="bell-count">{count}</Badge>}
    </Link>
  );
}

/** What must be seen from every page: exposure, unknown orders, halts, the engine, the time, and the way to stop. */
export function TopBar() {
  const { show } = useUi();
  const status = useChannel("status");
  const unknown = status?.orders.unknown;
  return (
    <header className="flex h-16 shrink-0 items-stretch border-b max-md:h-auto max-md:flex-wrap border-line bg-s1 print:hidden" data-testid="top-bar">
      <div className="flex min-h-14 items-center px-3">
        <button
          type="button"
          data-testid="open-palette"
          onClick={() => show({ kind: "palette" })}
          className="inline-flex h-8 w-52 items-center gap-2 rounded-md max-[105rem]:w-auto border border-field bg-s2 px-2.5 text-xs text-muted hover:border-text2"
        >
          <Icon name="search" size={14} />
          <span className="max-[105rem]:sr-only">Search or act</span>
          <kbd className="num ml-auto rounded border border-line px-1 text-2xs max-lg:hidden">Ctrl K</kbd>
        </button>
      </div>
      <div className="relative min-w-0 overflow-x-auto max-md:order-last max-md:h-14 max-md:w-full max-md:border-t max-md:border-line" tabIndex={0} role="region" aria-label="how the desk stands">
        <Fresh seen={null} className="flex h-full items-stretch">
          <Cell name="book" testid="top-flat">
            <FlatBadge />
          </Cell>
          <Cell name="open exposure" testid="top-exposure">
            <Exposure />
            <span className="ml-2 text-xs font-normal" data-testid="top-open-for">
              <ExposureClock />
            </span>
          </Cell>
          <Cell name="orders open" testid="top-open">
            {status ? <span className="num">{status.orders.open}</span> : <Unknown />}
          </Cell>
          <Cell name="fate unknown" testid="top-unknown">
            {unknown === undefined ? <Unknown /> : unknown > 0 ? <Badge tone="unknown">{unknown}</Badge> : <span className="num">0</span>}
          </Cell>
          <Cell name="halts" testid="top-halts">
            {!status ? <Unknown /> : status.halts.length > 0 ? <Badge tone="bad" icon="halt">{status.halts.length}</Badge> : <span className="num">0</span>}
          </Cell>
          <Cell name="engine" testid="top-engine">
            <EngineBadge />
          </Cell>
          <div className="hidden min-[105rem]:flex">
            <Cell name="venues" testid="top-venues">
              <Venues />
            </Cell>
          </div>
          <div className="hidden min-[90rem]:max-[105rem]:flex">
            <Cell name="venues" testid="top-venues-short">
              <VenuesInShort />
            </Cell>
          </div>
        </Fresh>
      </div>
      <div className="ml-auto flex items-stretch">
        <Bell />
        <div className="flex max-md:hidden">
          <Clock />
        </div>
        <div className="flex items-center gap-2 border-l border-line px-3">
          <Button look="danger" icon="kill" onClick={() => show({ kind: "act", wanted: KILL })} data-testid="kill">
            KILL
          </Button>
        </div>
      </div>
    </header>
  );
}
