import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ask } from "@/api/client";
import { useRead } from "@/api/queries";
import { csrfOf, useMay, useSession } from "@/api/session";
import type { Schemas } from "@/api/types";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { DataTable } from "@/components/DataTable";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { Answer, Empty } from "@/components/States";
import type { Column } from "@/components/table";
import { useToast } from "@/components/Toasts";
import { NewToken } from "./NewToken";

type Tokens = Schemas["TokensAnswer"];
type Token = Tokens["tokens"][number];

/** The tokens of programs: they are made and ended here as at the command line, and their text is seen once. */
export function Tokens() {
  const may = useMay("admin");
  const tokens = useRead<Tokens>("/tokens", {}, { follows: false, enabled: may });
  const { standing } = useSession();
  const [making, setMaking] = useState(false);
  const say = useToast();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (name: string) =>
      ask(`/api/v1/tokens/${encodeURIComponent(name)}`, {
        method: "DELETE",
        headers: { ...csrfOf(standing), "idempotency-key": crypto.randomUUID() },
      }),
    onSuccess: (_, name) => {
      say({ title: "Token ended", text: name, tone: "good" });
      void client.invalidateQueries({ queryKey: ["/tokens"] });
    },
    onError: (error, name) => say({ title: `Token ${name} was not ended`, text: error.message, tone: "bad" }),
  });
  const columns: readonly Column<Token>[] = [
    { id: "name", head: "Name", text: (row) => row.name, cell: (row) => <span className="num">{row.name}</span> },
    { id: "scopes", head: "May", text: (row) => row.scope, cell: (row) => <Badge>{row.scope}</Badge> },
    { id: "until", head: "Until", text: (row) => row.ends_at, cell: (row) => <Moment at={row.ends_at} /> },
    {
      id: "end",
      head: "",
      text: () => null,
      sort: "none",
      align: "right",
      cell: (row) =>
        row.over ? (
          <span className="text-muted">over</span>
        ) : (
          <Button small disabled={end.isPending} onClick={() => end.mutate(row.name)} data-testid="token-end">
            End it
          </Button>
        ),
    },
  ];
  const actions = (
    <Button small onClick={() => setMaking(true)} data-testid="token-add">
      Make one
    </Button>
  );
  if (!may) return null;
  return (
    <Panel title="Tokens of programs" testid="tokens" actions={actions} flush>
      <Answer query={tokens} lines={2}>
        {(body) => <DataTable testid="tokens-table" label="tokens" columns={columns} rows={body.tokens} rowKey={(row) => row.name} tools={false} empty={<Empty icon="link">no program has a token</Empty>} />}
      </Answer>
      {making && <NewToken onClose={() => setMaking(false)} />}
    </Panel>
  );
}
