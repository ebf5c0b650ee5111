"""The paper accounts of a desk: brokers inside its process, each with a ledger of its own."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.engine.ports import Clock, OrderVenue, VenueCard
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import PaperAccount
from flatbook.ops.config_instruments import instruments_at
from flatbook.ops.config_rules import broker_of
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import FaultPlan
from flatbook.sim.broker.spec import BrokerSpec
from flatbook.sim.tapes.bars import Bars
from flatbook.values.ids import AccountId, Underlying
from flatbook.venues.paper.venue import PaperVenue, paper_card
from flatbook.venues.paper.wire import InProcessTransport, Server

MS_PER_S = 1_000
NO_FAULTS: Mapping[str, FaultPlan] = {}

BarsBySource = Mapping[str, Mapping[Underlying, Bars]]


def open_brokers(loaded: Loaded, bars: BarsBySource, plans: Mapping[str, FaultPlan]) -> dict[AccountId, Broker]:
    """Returns the brokers of the paper accounts, opened at their ledgers. `plans` are scripted faults, by account.

    Errors: ConfigRefused; what the ledger says of its file.
    """
    return {
        AccountId(name): Broker(
            broker_of(loaded, name, account, BrokerSpec),
            {str(underlying): each for underlying, each in bars[account.bars].items()},
            path=loaded.place(account.ledger),
            plan=plans.get(name, FaultPlan()),
        )
        for name, account in loaded.config.accounts.items()
        if isinstance(account, PaperAccount)
    }


def paper_venue(loaded: Loaded, name: str, account: PaperAccount, server: Server, clock: Clock) -> OrderVenue:
    """Returns the adapter of a paper account over its broker."""
    return PaperVenue(
        InProcessTransport(server, clock),
        clock,
        account=AccountId(name),
        instruments=instruments_at(loaded.config, name),
        card=_card(broker_of(loaded, name, account, BrokerSpec)),
        extended_hours=account.extended_hours,
    )


def _card(spec: BrokerSpec) -> VenueCard:
    read_lag_s = (spec.read_lag_ms + spec.latency_ms + spec.latency_jitter_ms) // MS_PER_S + 1
    return paper_card(id_rule=spec.id_rule, id_window_s=spec.id_window_s, read_lag_max_s=read_lag_s)
