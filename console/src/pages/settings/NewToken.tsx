import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { ask } from "@/api/client";
import { csrfOf, useSession } from "@/api/session";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { CopyText } from "@/components/CopyText";
import { Moment } from "@/components/Moment";
import { Segments } from "@/components/Select";
import { counted } from "@/format/counted";
import { inShell } from "@/format/shell";
import { Field } from "@/frame/Field";
import { FormDone, FormLayer } from "@/frame/FormLayer";

type Made = Schemas["TokenMade"];
type Wanted = Schemas["MakeToken"];

const USUAL_DAYS = 30;
const DAYS = [1, 7, USUAL_DAYS, 90, 365] as const;

/** The text of a token that was made. It is kept nowhere: whoever closes this has seen it for the last time. */
function Shown({ made, onClose }: { made: Made; onClose: () => void }) {
  return (
    <FormDone leave="Done" testid="token-close" onClose={onClose}>
      {made.token === null ? (
        <p className="m-0 text-warn" data-testid="token-gone">
          {made.name} was made, but its text did not arrive, and it is told once only. End it and make another one.
        </p>
      ) : (
        <>
          <p className="m-0 text-text2">Copy it now: it is shown once and kept nowhere.</p>
          <CopyText text={made.token} testid="token-text" />
        </>
      )}
      <p className="m-0 text-2xs text-muted">
        {made.name} may {made.scope}, until <Moment at={made.ends_at} />
      </p>
    </FormDone>
  );
}

/** Asks for what a token needs to be made, makes it, and shows its text once. */
export function NewToken({ onClose }: { onClose: () => void }) {
  const { standing } = useSession();
  const client = useQueryClient();
  const scopes = standing.state === "in" ? standing.session.scopes : [];
  const [wanted, setWanted] = useState<Wanted>({ name: "", scope: "read", days: USUAL_DAYS });
  // One key for the whole dialog: an answer that was lost does not make a second token.
  const key = useRef(crypto.randomUUID());
  const make = useMutation({
    mutationFn: (body: Wanted) => ask<Made>("/api/v1/tokens", { method: "POST", body, headers: { ...csrfOf(standing), "idempotency-key": key.current } }),
    onSuccess: () => void client.invalidateQueries({ queryKey: ["/tokens"] }),
    // What was refused changes before it is asked for again, and what changes has a key of its own.
    onError: () => {
      key.current = crypto.randomUUID();
    },
  });
  const change = (news: Partial<Wanted>): void => setWanted((old) => ({ ...old, ...news }));
  return (
    <FormLayer
      title="A token for a program"
      says="It lets a program ask and act in its own name, until it is ended or over."
      testid="token-new"
      onClose={onClose}
      onSubmit={() => make.mutate(wanted)}
      error={make.error}
      cli={{ text: `flatbook token create ${wanted.name === "" ? "NAME" : inShell(wanted.name)} --scope ${wanted.scope} --days ${wanted.days}`, testid: "token-cli" }}
      done={make.data && <Shown made={make.data} onClose={onClose} />}
      acts={
        <>
          <Button onClick={onClose} data-testid="token-leave">
            Leave it
          </Button>
          <Button type="submit" look="primary" disabled={make.isPending} data-testid="token-make">
            Make it
          </Button>
        </>
      }
    >
      <Field name="Name" required pattern="[a-z0-9][a-z0-9_\-]{0,39}" title="at most 40 small letters, digits, - and _" value={wanted.name} onChange={(event) => change({ name: event.target.value })} data-testid="token-name" />
      <div className="flex items-center gap-3 text-2xs text-muted">
        May
        <Segments value={wanted.scope} choices={scopes.map((value) => ({ value, label: value }))} label="What it may" testid="token-scope" onChange={(scope) => change({ scope: scope as Wanted["scope"] })} />
      </div>
      <div className="flex items-center gap-3 text-2xs text-muted">
        For
        <Segments value={`${wanted.days}`} choices={DAYS.map((days) => ({ value: `${days}`, label: counted(days, "day") }))} label="How long it lasts" testid="token-days" onChange={(text) => change({ days: DAYS.find((days) => `${days}` === text) ?? USUAL_DAYS })} />
      </div>
    </FormLayer>
  );
}
