from __future__ import annotations

import pytest

from tests.unit.ops.scene import changed, loaded, problem, problems

SECOND_INSTRUMENT = """
[instruments."COIN/USD@other"]
account = "other"
symbol = "COIN"
underlying = "COIN"
quote = "USD"
tick = "0.01"
lot = "0.001"
qty_min = "0.001"
notional_min = "1"
contract_size = "1"

[accounts.other]
kind = "paper"
ledger = "other.sqlite"
bars = "paper-bars"
cash = "0"
seed = "2"

[accounts.other.fees]
commission_per_order = "0"
commission_per_share = "0"
sell_notional_rate = "0"
sell_per_share = "0"
"""
MORE = ("[prices.paper-bars]\n", SECOND_INSTRUMENT + "\n[prices.paper-bars]\n")
HEDGE = 'instrument = "COIN/USD@paper"'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (HEDGE, 'instrument = "COIN/USD@papr"', "there is no instrument 'COIN/USD@papr'; did you mean COIN/USD@paper?"),
        ('bars = "paper-bars"', 'bars = "paper-bar"', "there is no price source 'paper-bar'; did you mean paper-bars?"),
        ("[hedges.desk.COIN]", "[hedges.dask.COIN]", "hedges.dask: there is no owner 'dask'; did you mean desk?"),
        ("[owners.desk.vaults.base]", "[owners.desk.vaults.bas]", "there is no chain 'bas'; did you mean base?"),
        ('account = "paper"', 'account = "papr"', "there is no account 'papr'; did you mean paper?"),
        ('COIN = "1000"', 'MSTR = "1000"', "there is no instrument of paper with the symbol 'MSTR'"),
        ('quote = "USD"\ntick', 'quote = "EUR"\ntick', "quote: is not the currency of paper, which is USD"),
        ('seed = "1"', 'seed = "1"\ncurrency = "EUR"', "EUR has no mark: state what it is worth under [marks]"),
        ('seed = "1"', 'seed = "1"\ncurrency = "USDC"', "has prices in USD: paper trades in USDC"),
        ("close_cutoff_s = 60", "close_cutoff_s = 9", "close_cutoff_s: 9 is out of range: from 10 to 7200"),
        ('bars"\nquote = "USD"', 'bars"\nquote = "EUR"', "EUR has no mark: state what it is worth under [marks]"),
        ('ledger = "paper-broker.sqlite"', 'ledger = "journal.sqlite"', "journal.sqlite is used twice"),
        ('kind = "recorded_bars"', 'kind = "recorded_pool_mids"', "a paper broker trades at recorded_bars"),
        ('symbol = "wtCOIN"', 'symbol = "tCOIN"', "COIN in the form wt is wtCOIN, not tCOIN"),
        ('form = "wt"', 'form = "t"', "only a token of the form wt wraps another one and has ratios"),
        ('order_books = ["0xd2938e7c9fe3597f78832ce780feb61945c377d7"]', "order_books = []", "at least one order book"),
        ('sessions = ["regular"]', "sessions = []", "at least one session is needed"),
        ('sessions = ["regular"]', 'sessions = ["regular", "late"]', "the account does not trade in late"),
        ("shorting = false", "shorting = true", "the account never sells what it does not hold"),
        ('threshold_shares = "1"', 'threshold_shares = "0.5"', "0.5 shares cannot be ordered: the smallest order is 1"),
        ('threshold_shares = "1"\n', "", "is missing, and so is threshold_usd: state one of them, or both"),
        ('order_shares_max = "100"', 'order_shares_max = "0.5"', "is below the smallest order of 1 shares"),
        ('order_shares_max = "100"', 'order_shares_max = "300"', "300 is above risk.order_shares_max, 200"),
        ("price_age_s_max = 120", "price_age_s_max = 200", "200 is above risk.price_age_s_max, 180"),
        ("collar_bps = 50", "collar_bps = 101", "101 is above risk.collar_bps_max, 100"),
        ('second_source = "none"', 'second_source = "paper-bars"', "is the first one: name another one"),
        ('second_source = "none"', 'second_source = "pool"', "there is no price source 'pool'"),
        ('USDC = "1"\n', "", "marks.USDC: is missing: USDC pays the fills on base"),
        ('USDC = "1"\n', 'USDC = "3"\n', "3 is no mark of a dollar token: 0.1 to 2"),
        ("[owners.desk]\n", "[owners.unassigned.vaults]\n[owners.desk]\n", "is the owner of what nobody ordered"),
        ('account = "vault"', 'account = "paper"', "paper is an account at a broker: vaults need one of their own"),
        ("unhedged = []", "unhedged = []\n[clock]\nstart = 2025-12-01T00:00:00Z", "start and end belong to a tape"),
        ("unhedged = []", 'unhedged = []\n[clock]\nkind = "tape"', "a tape needs start and end"),
        ("[chains.base.tokens.wtCOIN]", "[chains.base.tokens.COIN]", "is the name of a share or of cash"),
        ("[chains.base.tokens.wtCOIN]", "[chains.base.tokens.USDC]", "is the name of a dollar token too"),
    ],
)
def test_what_does_not_agree_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(changed((old, new))))


def test_a_fill_that_nothing_hedges_is_refused_before_it_comes() -> None:
    text = "\n".join(problems(changed(("[hedges.desk.COIN]\n", "[owners.other.vaults]\n[hedges.other.COIN]\n"))))
    assert "fills of wtCOIN expose desk to COIN: add [hedges.desk.COIN], or name it in owners.desk.unhedged" in text


def test_a_share_may_be_left_unhedged_on_purpose() -> None:
    config = loaded(
        ("unhedged = []", 'unhedged = ["COIN"]'),
        ("[hedges.desk.COIN]\n", "[owners.other.vaults]\n[hedges.other.COIN]\n"),
    ).config
    assert config.owners["desk"].unhedged == ("COIN",)


def test_observing_needs_no_hedges() -> None:
    config = loaded(
        ('mode = "paper"', 'mode = "observe"'), ("[hedges.desk.COIN]\n", "[owners.other.vaults]\n[hedges.other.COIN]\n")
    ).config
    assert "desk" not in config.hedges


RENAMED = """
[renames.COIN]
new = "BASE"
since = 2025-10-31T00:00:00Z
"""


def test_every_name_a_share_has_during_the_life_of_its_token_is_hedged() -> None:
    assert "expose desk to BASE" in problem(("[marks]\n", RENAMED + "[marks]\n"))


def test_a_name_that_ended_before_its_token_began_needs_no_hedge() -> None:
    text = "\n".join(
        problems(
            changed(
                ("[marks]\n", RENAMED + "[marks]\n"), ("decimals = 18", "decimals = 18\nsince = 2026-01-01T00:00:00Z")
            )
        )
    )
    assert "expose desk to BASE" in text
    assert "expose desk to COIN" not in text


def test_a_name_that_came_after_its_token_ended_needs_no_hedge() -> None:
    until = ("decimals = 18", "decimals = 18\nuntil = 2025-01-01T00:00:00Z")
    assert loaded(("[marks]\n", RENAMED + "[marks]\n"), until).config.renames["COIN"].new == "BASE"


def test_renames_in_a_circle_end() -> None:
    circle = '[renames.COIN]\nnew = "BASE"\n[renames.BASE]\nnew = "COIN"\n'
    assert "COIN" in loaded(("[marks]\n", circle + "[marks]\n")).config.renames


def test_a_backup_is_at_another_account() -> None:
    assert "a backup is at another account" in problem((HEDGE, f'{HEDGE}\nbackup = "COIN/USD@paper"'))
    backed = loaded(MORE, (HEDGE, f'{HEDGE}\nbackup = "COIN/USD@other"')).config
    assert backed.hedges["desk"]["COIN"].backup == "COIN/USD@other"


def test_an_account_trades_each_share_and_symbol_once() -> None:
    doubled = SECOND_INSTRUMENT.replace('account = "other"', 'account = "paper"')
    found = "\n".join(problems(changed((MORE[0], doubled + MORE[0]))))
    assert 'instruments."COIN/USD@other".symbol: COIN is traded at paper as COIN/USD@paper already' in found


def test_an_address_belongs_to_one_owner() -> None:
    vault = (
        '[owners.other.vaults.base]\naccount = "vault2"\naddresses = ["0x00000000000000000000000000000000000de5c0"]\n'
    )
    found = "\n".join(problems(changed(("[accounts.paper]\n", vault + "[accounts.paper]\n"))))
    assert "0x00000000000000000000000000000000000de5c0 belongs to desk already" in found


def test_two_chains_have_two_ids() -> None:
    twin = """
[chains.twin]
id = 8453
source = "recorded"
path = "t"
lag_blocks = 0
gas_coin = "ETH"
order_books = ["0xd2938e7c9fe3597f78832ce780feb61945c377d7"]
fill_shares_max = "1"
[chains.twin.tokens]
[chains.twin.stablecoins.USDC]
address = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"
symbol = "USDC"
decimals = 6
"""
    found = "\n".join(problems(changed(("[owners.desk]\n", twin + "[owners.desk]\n"))))
    assert "the chain id 8453 stands more than once" in found


TOKEN_AGAIN = """
[chains.base.tokens.wtCOIN-new]
address = "0x0000000000000000000000000000000000c01a00"
symbol = "wtCOIN"
form = "wt"
underlying = "COIN"
decimals = 18
"""


def test_an_address_stands_for_one_token_at_a_time() -> None:
    assert problem(("[owners.desk]\n", TOKEN_AGAIN + "[owners.desk]\n")).endswith(
        "chains.base.tokens.wtCOIN-new.address: is the address of wtCOIN at the same time"
    )


def test_an_address_may_stand_for_another_token_later() -> None:
    ends = ('ratios = { 0 = "1" } ', "until = 2026-01-01T00:00:00Z")
    later = TOKEN_AGAIN + "since = 2026-01-01T00:00:00Z\n\n[owners.desk]\n"
    assert len(loaded(ends, ("[owners.desk]\n", later)).config.chains["base"].tokens) == 2


def test_a_second_source_needs_its_bounds() -> None:
    pool = '[prices.pool]\nkind = "recorded_pool_mids"\nquote = "USDC"\nfiles = { COIN = "pool.csv" }\n\n'
    bars = "[prices.paper-bars]\n"
    more = ((bars, pool + bars), ('second_source = "none"', 'second_source = "pool"'))
    assert "a second source needs second_age_s_max and second_bps_max" in problem(*more)
    bounds = ("collar_bps = 50", "collar_bps = 50\nsecond_age_s_max = 60\nsecond_bps_max = 100")
    assert loaded(*more, bounds).config.hedges["desk"]["COIN"].second_bps_max == 100


def test_a_secret_written_where_its_place_is_due_is_refused_and_not_repeated() -> None:
    text = problem(("[secrets]\n", '[secrets]\n"paper/key" = "hunter2canary"\n'))
    assert text == (
        'flatbook.toml:111: secrets."paper/key": is no reference: write keyring:service/name, age:path#name, env:NAME, '
        "file:path or exec:command, never the secret itself"
    )
