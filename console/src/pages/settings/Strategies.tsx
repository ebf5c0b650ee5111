import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "@/api/client";
import { useRead } from "@/api/queries";
import { csrfOf, useSession } from "@/api/session";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { CommandLine } from "@/components/CommandLine";
import { CopyText } from "@/components/CopyText";
import { DataTable } from "@/components/DataTable";
import { Panel } from "@/components/Panel";
import { Select } from "@/components/Select";
import { Answer, Failed } from "@/components/States";
import type { Column } from "@/components/table";
import { useKept } from "@/view/address";

type Strategies = Schemas["StrategiesAnswer"];
type Strategy = Strategies["strategies"][number];
type FieldBody = Strategy["fields"][number];
type Change = Schemas["ChangeAnswer"];
type Drafts = Readonly<Record<string, string>>;

/** The bounds of a value in words. */
export function boundsOf(field: FieldBody): string {
  if (field.choices.length > 0) return field.choices.join(", ");
  if (field.kind === "yes_no") return "true, false";
  if (field.most === null) return field.pattern ?? "a text";
  return `${field.above === null ? `from ${field.least ?? "0"}` : `above ${field.above}`} to ${field.most}`;
}

/** The values that were typed and are not what the files say; an empty one is left out. */
export function changesOf(fields: readonly FieldBody[], drafts: Drafts): { name: string; to: string | null }[] {
  return fields
    .filter((field) => drafts[field.name] !== undefined && drafts[field.name] !== (field.stated ?? ""))
    .map((field) => ({ name: field.name, to: drafts[field.name] === "" ? null : (drafts[field.name] ?? null) }));
}

function Input({ field, value, onChange }: { field: FieldBody; value: string; onChange: (next: string) => void }) {
  const one = field.kind === "choice" ? field.choices : field.kind === "yes_no" ? ["true", "false"] : null;
  if (one !== null) {
    return <Select value={value} choices={[...(field.required ? [] : [""]), ...one].map((each) => ({ value: each, label: each === "" ? "left out" : each }))} label={field.name} testid={`field-${field.name}`} onChange={onChange} />;
  }
  return (
    <input
      aria-label={`${field.name}${field.unit === null ? "" : `, ${field.unit}`}`}
      data-testid={`field-${field.name}`}
      value={value}
      placeholder={field.usual ?? (field.required ? "" : "left out")}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => onChange(event.target.value)}
      className="num h-7 w-44 rounded-md border border-field bg-s2 px-2 text-xs text-text placeholder:text-muted"
    />
  );
}

function columnsOf(drafts: Drafts, draft: (name: string, next: string) => void): readonly Column<FieldBody>[] {
  return [
    { id: "name", head: "Value", text: (row) => row.name, cell: (row) => <span className="num font-medium" title={row.meaning}>{row.name}</span> },
    { id: "running", head: "Runs with", align: "right", text: (row) => row.running, cell: (row) => <span className="num">{row.running ?? <span className="text-muted">left out</span>}</span> },
    { id: "unit", head: "Unit", text: (row) => row.unit, className: "text-text2" },
    { id: "bounds", head: "May be", sort: "none", text: boundsOf, cell: (row) => <span className="inline-block max-w-64 truncate align-middle text-2xs text-muted" title={boundsOf(row)}>{boundsOf(row)}</span> },
    {
      id: "waits",
      head: "Applied",
      text: (row) => (row.waits ? "waits" : row.command ?? "runs"),
      cell: (row) =>
        row.waits ? (
          <Badge tone="warn" title={`the files say ${row.stated ?? "nothing"}`}>{`${row.stated ?? "left out"} at the next start`}</Badge>
        ) : row.command !== null ? (
          <Badge tone="info" title="a limit is made tighter while the engine runs: Risk & limits">tighter: live</Badge>
        ) : (
          <span className="text-2xs text-muted">at the next start</span>
        ),
    },
    { id: "edit", head: "Change to", sort: "none", text: () => null, cell: (row) => <Input field={row} value={drafts[row.name] ?? row.stated ?? ""} onChange={(next) => draft(row.name, next)} /> },
    { id: "origin", head: "From", text: (row) => row.origin, className: "text-muted" },
  ];
}

function Outcome({ change }: { change: Change }) {
  return (
    <div className="flex flex-col gap-2 border-t border-line px-3 py-2" role="status" data-testid="strategy-outcome" data-ok={change.ok}>
      {change.problems.map((each) => (
        <p key={`${each.key} ${each.what}`} className="m-0 flex items-center gap-2 text-xs">
          <Badge tone="bad">{each.key || each.where}</Badge>
          {each.what}
        </p>
      ))}
      {change.ok && (
        <>
          <p className="m-0 flex items-center gap-2 text-xs">
            <Badge tone="good">could start</Badge>
            put this into a file under flatbook.d, then start the engine anew: nothing was written
          </p>
          <pre className="num m-0 overflow-auto rounded border border-line bg-s2 p-2 text-xs !whitespace-pre" tabIndex={0} role="region" aria-label="the change as TOML" data-testid="strategy-toml">{change.toml}</pre>
          <div className="flex flex-wrap gap-2">
            <CopyText text={change.toml} testid="strategy-copy" />
            <CommandLine text="flatbook config check" testid="strategy-cli" />
          </div>
        </>
      )}
    </div>
  );
}

function Form({ strategy }: { strategy: Strategy }) {
  const { standing } = useSession();
  const [drafts, setDrafts] = useState<Drafts>({});
  const changes = changesOf(strategy.fields, drafts);
  const check = useMutation({
    mutationFn: () => ask<Change>("/api/v1/strategies/check", { method: "POST", body: { key: strategy.key, changes }, headers: csrfOf(standing) }),
  });
  const draft = (name: string, next: string): void => {
    check.reset();
    setDrafts((old) => ({ ...old, [name]: next }));
  };
  return (
    <>
      <DataTable testid="strategy-table" label={`values of ${strategy.key}`} columns={columnsOf(drafts, draft)} rows={strategy.fields} rowKey={(row) => row.name} height="24rem" />
      <div className="flex items-center gap-2 border-t border-line px-3 py-2">
        <span className="text-2xs text-muted" data-testid="strategy-changes">{changes.length === 0 ? "nothing is changed" : changes.map(({ name, to }) => `${name}: ${to ?? "left out"}`).join(", ")}</span>
        <div className="ml-auto flex gap-2">
          <Button small disabled={changes.length === 0} onClick={() => { setDrafts({}); check.reset(); }} data-testid="strategy-reset">
            As it is
          </Button>
          <Button small look="primary" disabled={changes.length === 0 || check.isPending} onClick={() => check.mutate()} data-testid="strategy-check">
            Check the change
          </Button>
        </div>
      </div>
      {check.isError && <Failed error={check.error} />}
      {check.data && <Outcome change={check.data} />}
    </>
  );
}

/** How each strategy is configured, beside what the files say now. A change is checked here and made in the files. */
export function StrategiesPanel() {
  const strategies = useRead<Strategies>("/strategies", {}, { follows: false });
  const [chosen, choose] = useKept("strategy");
  const keys = strategies.data?.strategies.map(({ key }) => key) ?? [];
  const key = keys.includes(chosen) ? chosen : (keys[0] ?? "");
  const waits = strategies.data?.strategies.flatMap(({ fields }) => fields).filter((field) => field.waits).length ?? 0;
  const actions = keys.length > 0 && <Select value={key} choices={keys.map((value) => ({ value, label: value }))} label="Which strategy" testid="strategy" onChange={choose} />;
  return (
    <Panel title="Strategies" note={waits === 0 ? "what runs is what the files say" : `${waits} values of the files wait for the next start`} testid="strategies" actions={actions} flush>
      <Answer query={strategies} lines={5}>
        {(body) => {
          const strategy = body.strategies.find((each) => each.key === key);
          return (
            <>
              {body.refused.map((each) => (
                <p key={`${each.where} ${each.key}`} className="m-0 flex items-center gap-2 border-b border-line px-3 py-2 text-xs" data-testid="strategies-refused">
                  <Badge tone="bad">the next start would fail</Badge>
                  {`${each.where}: ${each.key}: ${each.what}`}
                </p>
              ))}
              {strategy && <Form key={key} strategy={strategy} />}
            </>
          );
        }}
      </Answer>
    </Panel>
  );
}
