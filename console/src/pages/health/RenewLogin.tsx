import { useState, type FormEvent } from "react";
import { useLoginAddress, useRenewal, type LoginRenewed } from "@/api/logins";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { CopyText } from "@/components/CopyText";
import { Layer } from "@/components/Dialog";
import { Icon } from "@/components/Icon";
import { Moment } from "@/components/Moment";
import { Answer, Failed } from "@/components/States";
import { Field } from "@/frame/Field";

type Login = Schemas["LoginBody"];

const ADDRESS = "[!-~]{1,8192}";
const ADDRESS_SAYS = "the whole address in one line of at most 8,192 characters, without a space";

function Done({ renewed, onClose }: { renewed: LoginRenewed; onClose: () => void }) {
  return (
    <div className="flex flex-col gap-3 p-4">
      <p role="status" className="m-0 text-text2" data-testid="renew-done">
        The login lasts until <Moment at={renewed.login_ends_at} />. A running desk takes it up within 15 seconds, and lifts the halt of a login that was over by itself.
      </p>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose} data-testid="renew-end">
          Close
        </Button>
      </div>
    </div>
  );
}

/** A person logs in at the venue in a tab of its own, and pastes the address at which that ends. */
export function RenewLogin({ login, onClose }: { login: Login; onClose: () => void }) {
  const address = useLoginAddress(login.account);
  const renewal = useRenewal(login.account);
  const [pasted, setPasted] = useState("");
  function submit(event: FormEvent): void {
    event.preventDefault();
    renewal.mutate(pasted);
  }
  return (
    <Layer open onClose={onClose} title={`Renew the login of ${login.account}`} says="Only a person can log in. The desk goes on meanwhile." testid="renew">
      {renewal.data ? (
        <Done renewed={renewal.data} onClose={onClose} />
      ) : (
        <Answer query={address} lines={2}>
          {(told) => (
            <form onSubmit={submit} className="flex flex-col gap-4 p-4">
              <div className="flex flex-col gap-1.5">
                <p className="m-0 text-text2">1. Log in and allow the application. The page that this ends at does not load; only its address counts.</p>
                <a href={told.address} target="_blank" rel="noopener noreferrer" data-testid="renew-open" className="inline-flex w-fit items-center gap-1.5 text-accent underline">
                  <Icon name="link" size={14} />
                  Open the login page in a new tab
                </a>
              </div>
              <div className="flex flex-col gap-1.5">
                <p className="m-0 text-text2">
                  2. Copy that address, which begins with <span className="num">{told.callback}</span>, and paste it within half a minute.
                </p>
                <Field name="The address that the browser ended at" required pattern={ADDRESS} title={ADDRESS_SAYS} value={pasted} onChange={(event) => setPasted(event.target.value.trim())} data-testid="renew-pasted" />
              </div>
              {renewal.error && <Failed error={renewal.error} />}
              <div className="flex flex-wrap items-center justify-between gap-2">
                <CopyText text={login.renew} prompt testid="renew-cli" />
                <Button type="submit" look="primary" disabled={renewal.isPending} data-testid="renew-send">
                  {renewal.isPending ? "renewing…" : "Renew"}
                </Button>
              </div>
            </form>
          )}
        </Answer>
      )}
    </Layer>
  );
}
