"""The home of a desk that is composed from its configuration over a chain and a broker on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.real.scene import Scene

THRESHOLD = "1"
ORDER_SHARES_MAX = "20"
OWNER, VAULT_ACCOUNT = "desk", "vault"
SECRETS = {"BROKER_KEY": "key", "BROKER_WORD": "word"}

CONFIG = """\
version = 1
mode = "paper"

[clock]
kind = "shifted"
shift_s = {shift_s}

[pace]
chain_poll_s = {chain_poll_s}
order_poll_s = 1
idle_poll_s = 2
statement_s = 5
retry_s = 1
scan_s = 5

[chains.base]
id = {chain_id}
source = "nodes"
hedge_at = "head"
first_block = {first_block}
gas_coin = "ETH"
order_books = ["{book}"]
fill_shares_max = "1000"

{nodes}
[chains.base.stablecoins.USDC]
address = "{usdc}"
symbol = "USDC"
decimals = 6

[chains.base.tokens.wtCOIN]
address = "{wtcoin}"
symbol = "wtCOIN"
form = "wt"
underlying = "COIN"
decimals = 18

[owners.desk.vaults.base]
account = "vault"
addresses = ["{owner}"]

{account}
[instruments."COIN/USD@broker"]
account = "broker"
symbol = "COIN"
underlying = "COIN"
quote = "USD"
tick = "0.01"
tick_below_one = "0.0001"
lot = "{lot}"
qty_min = "{lot}"
notional_min = "1"
contract_size = "1"

{prices}
[hedges.desk.COIN]
instrument = "COIN/USD@broker"
threshold_shares = "{threshold}"
order_shares_max = "{order_shares_max}"
sessions = ["regular"]
price_source = "quotes"
price_age_s_max = 30
second_source = "none"
collar_bps = 100
order_ttl_s = 15
close_cutoff_s = 60
retry_s = 1
shorting = true

[risk]
order_notional_usd_max = "50000"
order_shares_max = "200"
collar_bps_max = 100
second_bps_max = 100
price_age_s_max = 180
day_loss_usd_max = "50000"
open_orders_max = 10
orders_per_minute_max = 120
residue_usd_max = "20000"
depeg_bps_max = 50
resends_max = 2

[marks]
USDC = "1"

[secrets]
broker_key = "env:BROKER_KEY"
broker_word = "env:BROKER_WORD"
{tokens}"""

TOKENS = 'broker_tokens = "file:tokens.json"\n'

ALPACA = """\
[accounts.broker]
kind = "alpaca"
api = "trading"
environment = "paper"
account_id = "{account}"
key = "secret:broker_key"
secret = "secret:broker_word"
shorting = "whole_shares"
base_url = "{url}"
"""

SCHWAB = """\
[accounts.broker]
kind = "schwab"
environment = "sandbox"
number = "{account}"
key = "secret:broker_key"
secret = "secret:broker_word"
tokens = "secret:broker_tokens"
shorting = "whole_shares"
base_url = "{url}"
"""

QUOTES = """\
[prices.quotes]
kind = "{broker}_quotes"
account = "broker"
underlyings = ["COIN"]
age_s_max = 10
spread_bps_max = 100
poll_s = 1
{feed}"""


class Served(NamedTuple):
    """A broker that is served: its kind, its address and the account there."""

    broker: str
    url: str
    account: str


class Asked(NamedTuple):
    """How a chain is asked: the addresses of its nodes, where they tell of new blocks, how often they are polled."""

    nodes: Sequence[str]
    heads: str
    chain_poll_s: int = 1


def write_home(home: Path, scene: Scene, asked: Asked, served: Served, *, first_block: int, shift_s: int) -> Path:
    """Writes the configuration of a desk at a broker."""
    broker, url, account = served
    home.mkdir(parents=True, exist_ok=True)
    nodes = [
        f'[chains.base.nodes.way{place}]\nurl = "{node}"\nheads = "{asked.heads}"\n'
        for place, node in enumerate(asked.nodes, 1)
    ]
    at_broker = ALPACA if broker == "alpaca" else SCHWAB
    text = CONFIG.format(
        shift_s=shift_s,
        chain_poll_s=asked.chain_poll_s,
        chain_id=scene.chain.terms.chain_id,
        first_block=first_block,
        book=scene.book.address,
        nodes="\n".join(nodes),
        usdc=scene.usdc.address,
        wtcoin=scene.shares["COIN"].wrapper.address,
        owner=scene.owner,
        account=at_broker.format(account=account, url=url),
        tokens=TOKENS if broker == "schwab" else "",
        lot="0.000000001" if broker == "alpaca" else "1",
        prices=QUOTES.format(broker=broker, feed='feeds = ["iex"]\n' if broker == "alpaca" else ""),
        threshold=THRESHOLD,
        order_shares_max=ORDER_SHARES_MAX,
    )
    (home / "flatbook.toml").write_text(text, encoding="ascii")
    return home
