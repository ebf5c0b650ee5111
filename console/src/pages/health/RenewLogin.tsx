import { useState } from "react";
import { useLoginAddress, useRenewal, type LoginRenewed } from "@/api/logins";
import type { Schemas } from "@/api/types";
import { Button } from "@/components/Button";
import { Icon } from "@/components/Icon";
import { Moment } from "@/components/Moment";
import { Answer } from "@/components/States";
import { Field } from "@/frame/Field";
import { FormDone, FormLayer } from "@/frame/FormLayer";

type Login = Schemas["LoginBody"];

const ADDRESS = "[!-~]{1,8192}";
const ADDRESS_SAYS = "the whole address in one line of at most 8,192 characters, without a space";

function Done({ renewed, onClose }: { renewed: LoginRenewed; onClose: () => void }) {
  return (
    <FormDone leave="Close" testid="renew-end" onClose={onClose}>
      <p role="status" className="m-0 text-text2" data-testid="renew-done">
        The login lasts until <Moment at={renewed.login_ends_at} />. A running desk takes it up within 15 seconds, and lifts the halt of a login that was over by itself.
      </p>
    </FormDone>
  );
}

/** A person logs in at the venue in a tab of its own, and pastes the address at which that ends. */
export function RenewLogin({ login, onClose }: { login: Login; onClose: () => void }) {
  const address = useLoginAddress(login.account);
  const renewal = useRenewal(login.account);
  const [pasted, setPasted] = useState("");
  return (
    <FormLayer
      title={`Renew the login of ${login.account}`}
      says="Only a person can log in. The desk goes on meanwhile."
      testid="renew"
      onClose={onClose}
      onSubmit={() => renewal.mutate(pasted)}
      error={renewal.error}
      cli={{ text: login.renew, testid: "renew-cli" }}
      done={renewal.data && <Done renewed={renewal.data} onClose={onClose} />}
      acts={
        <Button type="submit" look="primary" disabled={address.data === undefined || renewal.isPending} data-testid="renew-send">
          {renewal.isPending ? "renewing…" : "Renew"}
        </Button>
      }
    >
      <Answer query={address} lines={2}>
        {(told) => (
          <>
            <div className="flex flex-col gap-1.5">
              <p className="m-0 text-text2">1. Log in and allow the application. The page that this ends at does not load; only its address counts.</p>
              <a href={told.address} target="_blank" rel="noopener noreferrer" data-testid="renew-open" className="inline-flex min-h-6 w-fit items-center gap-1.5 text-accent underline">
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
          </>
        )}
      </Answer>
    </FormLayer>
  );
}
