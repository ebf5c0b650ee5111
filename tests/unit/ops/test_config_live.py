from __future__ import annotations

import pytest

from flatbook.ops.config_accounts import AlpacaAccount
from flatbook.ops.config_chains import NodesChain
from flatbook.ops.config_example import LIVE_EXAMPLE
from tests.unit.ops.scene import HOME, changed, live, problems

SCHWAB = """
[accounts.schwab]
kind = "schwab"
environment = "live"
number = "12345678"
key = "secret:alpaca_key"
secret = "secret:alpaca_secret"
tokens = "secret:alpaca_secret"
shorting = "never"

[instruments."COIN/USD@alpaca"]
"""
AT_ALPACA = '\n[instruments."COIN/USD@alpaca"]\n'
AT_SCHWAB = ('account = "alpaca"\nsymbol', 'account = "schwab"\nsymbol')
ONE = 'url = "secret:base_node_one"          # an address that holds a key is a secret'
TWO = 'url = "https://mainnet.base.org"'
QUOTES = 'account = "alpaca"\nunderlyings'
LIVE = 'environment = "live"'


def test_the_live_example_is_a_configuration_that_loads() -> None:
    config = live().config
    chain, account = config.chains["base"], config.accounts["alpaca"]
    assert isinstance(chain, NodesChain)
    assert [node.url for node in chain.nodes.values()] == ["secret:base_node_one", "https://mainnet.base.org"]
    assert isinstance(account, AlpacaAccount)
    assert config.mode.value == "live"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\n[chains.base.nodes.two]\n" + TWO, "", "at least 2 nodes are needed: none is believed alone"),
        (TWO, 'url = "http://mainnet.base.org"', "two.url: is not encrypted: http:// goes to this machine only"),
        (TWO, 'url = "mainnet.base.org"', "two.url: is no address: it begins with https:// and a host"),
        (TWO, 'url = "https://me:word@mainnet.base.org"', "an address with a password or a key is a secret"),
        (TWO, 'url = "https://mainnet.base.org?key=1"', "an address with a password or a key is a secret"),
        (TWO, 'url = "secret:base_node_one"', "is the address of one: two nodes are asked, not one twice"),
        (TWO, 'url = "secret:base_node_tow"', "there is no secret 'base_node_tow'; did you mean base_node_one?"),
        (TWO, TWO + '\nheads = "ws://mainnet.base.org"', "two.heads: is not encrypted: ws:// goes to this machine"),
        (ONE, 'url = "https://mainnet.base.org:99999"', "is no address"),
        ('hedge_at = "safe" ', 'hedge_at = "preconfirmed"\nlag_blocks = 1 ', "what is preconfirmed is taken at once"),
        ('"nodes"', '"node"', "'node' is none of recorded, nodes; did you mean nodes?"),
        (
            'kind = "alpaca"',
            'kind = "alpca"',
            "alpaca, schwab, bybit, binance, ccxt; did you mean alpaca?",
        ),
        (
            'kind = "alpaca"\n',
            "",
            "kind: is missing: one of paper, paper_exchange, alpaca, schwab, bybit, binance, ccxt",
        ),
        ('key = "secret:alpaca_key"', 'key = "PK123"', 'key: is no name of a secret: write "secret:NAME"'),
        ('key = "secret:alpaca_key"', 'key = "secret:alpaca"', "there is no secret 'alpaca'"),
        (LIVE, 'environment = "sandbox"', "the trading API has live or paper"),
        (LIVE, 'environment = "paper"', 'mode: no account is one of real money: write "paper"'),
        ('shorting = "never"', 'shorting = "never"\nbase_url = "http://10.0.0.1"', "must be on this machine"),
        ('shorting = "never"', 'shorting = "never"\nbase_url = "https://localhost"', "it is http:// and a host"),
        ('lot = "1"', 'lot = "0.0000000001"', "0.0000000001 cannot be ordered there: 9 decimals of a share at most"),
        ('tick = "0.01"', 'tick = "0.001"', "0.001 is below a cent"),
        ('contract_size = "1"', 'contract_size = "10"', "a share is one share: write 1"),
        (QUOTES, 'account = "alpac"\nunderlyings', "there is no account 'alpac'; did you mean alpaca?"),
        ('kind = "alpaca_quotes"', 'kind = "schwab_quotes"', "feeds: is no key of this section"),
        ('feeds = ["sip"]', "feeds = []", "at least one feed is needed"),
        ('underlyings = ["COIN"]', "underlyings = []", "at least one share is needed"),
        ('underlyings = ["COIN"]', 'underlyings = ["MSTR"]', "alpaca-quotes does not ask for COIN"),
        ('mode = "live"', 'mode = "paper"', 'alpaca is real money: mode = "live" trades there, "observe" only reads'),
        (
            "[journal]",
            '[clock]\nkind = "shifted"\nshift_s = 60\n[journal]',
            "a shifted clock is for tests on this machine: alpaca, base is not on it",
        ),
        ("[journal]", '[clock]\nkind = "shifted"\n[journal]', 'shift_s and kind = "shifted" belong together'),
        (
            "[journal]",
            '[clock]\nkind = "tape"\nstart = 2025-12-01T00:00:00Z\nend = 2025-12-02T00:00:00Z\n[journal]',
            "a tape is no time for nodes and brokers",
        ),
    ],
)
def test_what_does_not_agree_in_a_live_desk_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(changed((old, new), text=LIVE_EXAMPLE)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('number = "12345678"', 'number = "0x12"', "accounts.schwab.number: '0x12' does not have the form"),
        ('environment = "live"\nnumber', 'environment = "paper"\nnumber', "Schwab has no paper accounts"),
        ('environment = "live"\nnumber', 'environment = "sandbox"\nnumber', "a server that plays one needs base_url"),
        ('lot = "1"', 'lot = "0.5"', "0.5 cannot be ordered there: whole shares only"),
    ],
)
def test_what_does_not_agree_at_schwab_is_refused(old: str, new: str, said: str) -> None:
    text = changed((AT_ALPACA, SCHWAB), AT_SCHWAB, text=LIVE_EXAMPLE)
    assert said in "\n".join(problems(changed((old, new), text=text)))


def test_quotes_are_asked_for_with_the_keys_of_their_own_broker() -> None:
    text = changed((AT_ALPACA, SCHWAB), (QUOTES, 'account = "schwab"\nunderlyings'), text=LIVE_EXAMPLE)
    assert "schwab is no account of that broker, whose quotes these are" in "\n".join(problems(text))


def test_an_account_of_real_money_may_be_read_by_a_desk_that_observes() -> None:
    assert live(('mode = "live"', 'mode = "observe"')).config.mode.value == "observe"


def test_fills_of_a_recording_are_never_hedged_with_real_money() -> None:
    nodes = LIVE_EXAMPLE[LIVE_EXAMPLE.index('source = "nodes"') : LIVE_EXAMPLE.index("gas_coin")]
    text = LIVE_EXAMPLE.replace(nodes, 'source = "recorded"\npath = "base.jsonl"\nlag_blocks = 0\n')
    begin, end = text.index("[chains.base.nodes.one]"), text.index("[chains.base.stablecoins.USDC]")
    said = "fills of a recording are not hedged with real money"
    assert problems(text[:begin] + text[end:]) == [f"flatbook.toml:14: chains.base.source: {said}"]


def test_a_key_of_one_kind_of_account_can_be_stated_in_the_environment() -> None:
    found = live(environment={"FLATBOOK__ACCOUNTS__ALPACA__EXTENDED_HOURS": "true"})
    account = found.config.accounts["alpaca"]
    assert isinstance(account, AlpacaAccount)
    assert account.extended_hours


def test_what_is_shown_of_an_account_holds_its_kind_and_no_secret() -> None:
    shown = {each.key: each.value for each in live().effective}
    assert shown["accounts.alpaca.kind"] == "alpaca"
    assert shown["accounts.alpaca.key"] == "secret:alpaca_key"
    assert shown["chains.base.source"] == "nodes"
    assert live().home == HOME
