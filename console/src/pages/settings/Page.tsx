import type { ReactNode } from "react";
import { useMeta } from "@/api/queries";
import { useSession } from "@/api/session";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Moment } from "@/components/Moment";
import { PageHead } from "@/components/PageHead";
import { Facts, Panel } from "@/components/Panel";
import { Segments, Select } from "@/components/Select";
import { Answer } from "@/components/States";
import { DENSITIES, NOTICES, PNL_COLOURS, THEMES, ZONES, useSettings, type Settings } from "@/settings/settings";
import { Backups } from "./Backups";
import { ConfigPanel } from "./Config";
import { Keys } from "./Keys";
import { Notifications } from "./Notifications";
import { StrategiesPanel } from "./Strategies";
import { Tokens } from "./Tokens";

const choices = (values: readonly string[]): { value: string; label: string }[] =>
  values.map((value) => ({ value, label: value.replaceAll("-", " ") }));

function Line({ name, says, children }: { name: string; says: string; children: ReactNode }) {
  return (
    <div className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line/60 px-3 py-1.5 last:border-0">
      <div className="min-w-48 flex-1">
        <div>{name}</div>
        <div className="text-2xs text-muted">{says}</div>
      </div>
      {children}
    </div>
  );
}

function Appearance() {
  const { settings, change } = useSettings();
  return (
    <Panel title="Appearance" note="kept in this browser" testid="appearance" flush>
      <Line name="Theme" says="Dark is the usual one.">
        <Segments value={settings.theme} choices={choices(THEMES)} label="Theme" testid="theme" onChange={(theme) => change({ theme: theme as Settings["theme"] })} />
      </Line>
      <Line name="Gain and loss" says="Signs are always shown as well.">
        <span className="inline-flex gap-3 text-xs">
          <Amount value="12.50" places={2} tone="pnl" testid="pnl-sample-up" />
          <Amount value="-12.50" places={2} tone="pnl" testid="pnl-sample-down" />
        </span>
        <Segments value={settings.pnl} choices={choices(PNL_COLOURS)} label="Colours of gain and loss" testid="pnl-colours" onChange={(pnl) => change({ pnl: pnl as Settings["pnl"] })} />
      </Line>
      <Line name="Time zone" says="Every time is shown in it; the exact instant is in its title.">
        <Select value={settings.zone} choices={ZONES.map((zone) => ({ value: zone, label: zone.replace("_", " ") }))} label="Time zone" testid="zone" onChange={(zone) => change({ zone })} />
      </Line>
      <Line name="Rows" says="36 or 44 pixels high.">
        <Segments value={settings.density} choices={choices(DENSITIES)} label="Height of rows" testid="density" onChange={(density) => change({ density: density as Settings["density"] })} />
      </Line>
      <Line name="Notices" says="Which new alerts and halts pop up on every page; the bell counts all.">
        <Segments value={settings.notices} choices={choices(NOTICES)} label="Which alerts pop up" testid="notices" onChange={(notices) => change({ notices: notices as Settings["notices"] })} />
      </Line>
    </Panel>
  );
}

function You() {
  const { standing, leave } = useSession();
  if (standing.state !== "in") return null;
  const { actor, scopes, ends_at } = standing.session;
  return (
    <Panel title="You" testid="you">
      <Facts
        rows={[
          ["name in the journal", <span key="actor" className="num">{actor}</span>],
          ["may", <span key="scopes" className="inline-flex flex-wrap gap-1">{scopes.map((scope) => <Badge key={scope}>{scope}</Badge>)}</span>],
          ["until", <Moment key="until" at={ends_at} />],
        ]}
      />
      <Button icon="out" className="mt-3" onClick={() => void leave()} data-testid="log-out">
        Log out
      </Button>
    </Panel>
  );
}

function Desk() {
  const meta = useMeta();
  return (
    <Panel title="Desk" testid="desk">
      <Answer query={meta}>
        {(body) => (
          <Facts
            rows={[
              ["mode", body.mode],
              ["version", <span key="v" className="num">{body.version}</span>],
              ["home", <span key="h" className="num !whitespace-normal break-all">{body.home}</span>],
              ["configuration", <span key="c" className="num !whitespace-normal break-all">{body.config_digest}</span>],
            ]}
          />
        )}
      </Answer>
    </Panel>
  );
}

/** How this browser shows things, who sits before it, and what the desk is configured with, told and copied by. */
export function Page() {
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <PageHead title="Settings" cli="flatbook config show" />
      <div className="grid items-start gap-3 xl:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-3">
          <Appearance />
          <Tokens />
        </div>
        <div className="flex min-w-0 flex-col gap-3">
          <You />
          <Desk />
        </div>
      </div>
      <Keys />
      <Notifications />
      <Backups />
      <StrategiesPanel />
      <ConfigPanel />
    </div>
  );
}
