from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.follow import Pace
from flatbook.ops.config_accounts import PaperAccount, Shorting, WhenClosed
from flatbook.ops.config_chains import Form
from flatbook.ops.config_instruments import instruments_at
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.config_rules import broker_of, instant_of, pace_of, raindex_of, rules_of
from flatbook.risk.limits import Limits
from flatbook.sim.broker import spec as broker_spec
from flatbook.sim.broker.spec import BrokerSpec, FeeSchedule, OpeningAccount
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Instrument, TradingRules
from flatbook.values.money import Money, Quantity
from flatbook.values.sessions import SessionKind
from flatbook.venues.paper.venue import paper_card
from flatbook.venues.raindex.tokens import Inventory, RaindexConfig, RatioFrom, TickerRename, TokenForm, VaultOwner
from tests.unit.ops.scene import loaded
from tests.unit.ops.test_config_links import HEDGE, MORE

INVENTORY = "0x00000000000000000000000000000000000000aa"
WALLET = "0x00000000000000000000000000000000000000bb"
COIN_AT_PAPER = Instrument(
    id=InstrumentId("COIN/USD@paper"),
    account=AccountId("paper"),
    symbol="COIN",
    underlying=Underlying("COIN"),
    quote=AssetId("USD"),
    rules=TradingRules(
        tick=Decimal("0.01"),
        tick_below_one=Decimal("0.0001"),
        lot=Decimal(1),
        qty_min=Decimal(1),
        notional_min=Decimal(1),
    ),
    contract_size=Decimal(1),
)


def test_the_rules_hold_what_the_configuration_states() -> None:
    card = paper_card()
    rules = rules_of(loaded(), {AccountId("paper"): card})
    hedge = rules.hedges[OwnerId("desk"), Underlying("COIN")]
    assert hedge.instrument == COIN_AT_PAPER
    assert hedge.backup is None
    assert hedge.params.threshold_shares == Decimal(1)
    assert hedge.params.threshold_usd is None
    assert hedge.params.order_shares_max == Decimal(100)
    assert hedge.params.sessions == (SessionKind.REGULAR,)
    assert hedge.params.second_source is None
    assert (hedge.params.collar_bps, hedge.params.order_ttl_s, hedge.params.shorting) == (50, 60, False)
    assert rules.limits == Limits(
        order_notional_usd_max=Decimal(50_000),
        order_shares_max=Decimal(200),
        collar_bps_max=100,
        second_bps_max=100,
        price_age_s_max=180,
        day_loss_usd_max=Decimal(5_000),
        open_orders_max=10,
        orders_per_minute_max=30,
    )
    assert rules.instruments == {"COIN/USD@paper": COIN_AT_PAPER}
    assert rules.cards == {"paper": card}
    assert rules.chains == {"raindex:base": 8453}
    assert rules.marks == {"USDC": Decimal(1)}
    assert (rules.residue_usd_max, rules.depeg_bps_max, rules.resends_max) == (Decimal(2000), 50, 2)
    assert rules.config_digest == loaded().digest


def test_a_second_source_and_a_backup_reach_the_hedge() -> None:
    pool = '[prices.pool]\nkind = "recorded_pool_mids"\nquote = "USDC"\nfiles = { COIN = "pool.csv" }\n'
    source = ('second_source = "none"', 'second_source = "pool"\nsecond_age_s_max = 60\nsecond_bps_max = 90')
    stated = loaded((MORE[0], pool + MORE[1]), source, (HEDGE, f'{HEDGE}\nbackup = "COIN/USD@other"'))
    hedge = rules_of(stated, {}).hedges[OwnerId("desk"), Underlying("COIN")]
    assert (hedge.params.second_source, hedge.params.second_age_s_max, hedge.params.second_bps_max) == ("pool", 60, 90)
    assert hedge.backup is not None
    assert hedge.backup.id == "COIN/USD@other"
    assert [each.id for each in instruments_at(stated.config, "other")] == ["COIN/USD@other"]


def test_observing_hedges_nothing() -> None:
    assert rules_of(loaded(('mode = "paper"', 'mode = "observe"')), {}).hedges == {}


def test_the_pace_is_that_of_the_configuration() -> None:
    assert pace_of(loaded().config) == Pace(chain_poll_s=2, order_poll_s=1, idle_poll_s=10, statement_s=300, retry_s=5)


def test_the_parser_of_logs_is_told_its_tokens_and_owners() -> None:
    stated = loaded(
        ('addresses = ["0x00000000000000000000000000000000000de5c0"]\n',
         ('addresses = ["0x00000000000000000000000000000000000de5c0"]\n'
         f'inventories = {{ "{INVENTORY}" = ["{WALLET}"] }}\n')),
        ('ratios = { 0 = "1" }', 'ratios = { 100 = "1.5", 20 = "1.25" }\nsince = 2025-12-01T00:00:00.000001Z'),
        ("[marks]\n", '[renames.SPLG]\nnew = "SPYM"\nsince = 2025-10-31T00:00:00Z\n[marks]\n'),
    )  # fmt: skip
    config = raindex_of(stated, "base", RaindexConfig)
    assert (config.source, config.chain, config.gas_coin) == ("raindex:base", 8453, "ETH")
    assert config.order_books == ("0xd2938e7c9fe3597f78832ce780feb61945c377d7",)
    assert config.shares_max == Decimal(500)
    assert config.owners == (
        VaultOwner(
            address="0x00000000000000000000000000000000000de5c0", owner=OwnerId("desk"), account=AccountId("vault")
        ),
    )
    assert config.inventories == (
        Inventory(address=INVENTORY, wallets=(WALLET,), owner=OwnerId("desk"), account=AccountId("vault")),
    )
    token = config.tokens[0]
    assert (token.asset, token.instrument, token.symbol, token.ticker) == (
        "wtCOIN",
        "wtCOIN/USDC@base",
        "wtCOIN",
        "COIN",
    )
    assert (token.form, token.decimals) == (TokenForm.PREFIX_WT, 18)
    assert token.ratios == (
        RatioFrom(block=20, ratio=Decimal("1.25")),
        RatioFrom(block=100, ratio=Decimal("1.5")),
    )
    assert token.since == instant_of_text("2025-12-01T00:00:00.000001Z")
    assert (config.usdc[0].asset, config.usdc[0].decimals) == ("USDC", 6)
    assert config.renames == (
        TickerRename(old=Underlying("SPLG"), new=Underlying("SPYM"), since=instant_of_text("2025-10-31T00:00:00Z")),
    )


def test_an_owner_without_a_vault_on_a_chain_has_none_there() -> None:
    config = raindex_of(
        loaded(("[accounts.paper]\n", "[owners.other.vaults]\n[accounts.paper]\n")), "base", RaindexConfig
    )
    assert [owner.owner for owner in config.owners] == ["desk"]


def test_the_paper_broker_is_told_its_account_rules_and_fees() -> None:
    stated = loaded(('seed = "1"', 'seed = "1"\npartial_bps = 250\nfill_qty_max = "10"'))
    account = stated.config.accounts["paper"]
    assert isinstance(account, PaperAccount)
    spec = broker_of(stated, "paper", account, BrokerSpec)
    assert spec.accounts == (
        OpeningAccount(account="paper", cash=Money(Decimal(1_000_000)), holdings={"COIN": Quantity(Decimal(1000))}),
    )
    assert spec.rules == {"COIN": COIN_AT_PAPER.rules}
    assert spec.fees == FeeSchedule(
        commission_per_order=Money(Decimal(0)),
        commission_per_share=Money(Decimal(0)),
        sell_notional_rate=Decimal(0),
        sell_per_share=Money(Decimal("0.000166")),
    )
    assert (spec.seed, spec.partial_bps, spec.fill_qty_max) == ("1", 250, Decimal(10))


def test_what_the_type_of_another_package_refuses_is_a_problem_of_the_configuration() -> None:
    ratio = ('ratios = { 0 = "1" }', 'ratios = { 0 = "1.1", 00 = "1.2" }')
    with pytest.raises(ConfigRefused, match=r"chains\.base: .*the blocks of its ratios must ascend"):
        raindex_of(loaded(ratio), "base", RaindexConfig)


def test_the_defaults_of_an_account_are_those_of_the_paper_broker() -> None:
    ours = {field.name: field.default for field in msgspec.structs.fields(PaperAccount)}
    for field in msgspec.structs.fields(BrokerSpec):
        if not field.required:
            assert getattr(ours[field.name], "value", ours[field.name]) == getattr(
                field.default, "value", field.default
            )


def test_the_words_of_an_account_and_of_a_token_are_those_of_their_packages() -> None:
    assert [word.value for word in Shorting] == [word.value for word in broker_spec.Shorting]
    assert [word.value for word in WhenClosed] == [word.value for word in broker_spec.WhenClosed]
    assert [word.value for word in Form] == [word.value for word in TokenForm]


def test_an_instant_is_exact_to_the_microsecond() -> None:
    at = datetime(2025, 12, 1, 14, 30, 0, 123_457, tzinfo=UTC)
    assert instant_of(at) == instant_of_text("2025-12-01T14:30:00.123457Z")
    assert instant_of(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1_000
