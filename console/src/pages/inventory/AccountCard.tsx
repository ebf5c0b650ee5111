import type { Schemas } from "@/api/types";
import { AgeChip } from "@/components/Age";
import { Amount } from "@/components/Amount";
import { Badge } from "@/components/Badge";
import { Moment } from "@/components/Moment";
import { Panel } from "@/components/Panel";
import { directionOf } from "@/format/decimal";

type Account = Schemas["InventoryAnswer"]["accounts"][number];

/** One account: what we hold it to have, what its venue last stated, and where the two differ. */
export function AccountCard({ account }: { account: Account }) {
  const { differences, funds } = account;
  const seen = { seen_at: account.stated_at, age_s_max: account.age_s_max };
  return (
    <Panel
      title={account.account}
      note={account.kind ?? undefined}
      testid={`account-${account.account}`}
      actions={
        <Badge tone={account.stated_at === null ? "plain" : differences.length === 0 ? "good" : "bad"}>
          {account.stated_at === null ? "never stated" : differences.length === 0 ? "holdings agree" : `${differences.length} differ`}
        </Badge>
      }
    >
      <dl className="m-0 grid grid-cols-[1fr_auto] gap-x-4 gap-y-1">
        {account.balances.map((row) => (
          <div key={row.asset} className="contents">
            <dt className="text-text2">{row.asset}</dt>
            <dd className="m-0 text-right">
              <Amount value={row.amount} testid={`balance-${account.account}-${row.asset}`} />
              {directionOf(row.reserved) !== 0 && (
                <span className="block text-2xs text-muted" data-testid="account-reserved">
                  <Amount value={row.available} testid={`available-${account.account}-${row.asset}`} /> available, <Amount value={row.reserved} /> in orders
                  {directionOf(row.in_flight) !== 0 && <> (<Amount value={row.in_flight} /> of unknown fate)</>}
                </span>
              )}
            </dd>
          </div>
        ))}
        {funds && (
          <div className="contents">
            <dt className="text-muted">spendable {funds.asset}</dt>
            <dd className="m-0 text-right">
              <Amount value={funds.spendable} />
            </dd>
          </div>
        )}
      </dl>
      {differences.map((row) => (
        <p key={row.subject} className="m-0 mt-2 text-xs text-danger" data-testid="account-difference">
          {row.subject}: ours {row.ours}, theirs {row.theirs}
        </p>
      ))}
      <p className="m-0 mt-2 flex items-center gap-3 text-2xs text-muted">
        <span data-testid="account-open">{account.open_orders} of our orders open now</span>
        {account.stated_at !== null && account.stated_open_orders !== null && (
          <span data-testid="account-stated-open">
            {account.stated_open_orders} in its statement of <Moment at={account.stated_at} />
          </span>
        )}
        {account.stated_at === null && <span data-testid="account-unstated">counted from what our books saw</span>}
        <span className="ml-auto">
          <AgeChip seen={seen} always />
        </span>
      </p>
    </Panel>
  );
}
