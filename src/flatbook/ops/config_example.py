"""Whole configurations, commented, of a paper desk and of a live one: what `flatbook init` writes."""

from __future__ import annotations

_TOKENS = """\
[chains.base.stablecoins.USDC]
address = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"
symbol = "USDC"
decimals = 6

[chains.base.tokens.wtCOIN]
address = "0x0000000000000000000000000000000000c01a00"
symbol = "wtCOIN"
form = "wt"
underlying = "COIN"
decimals = 18
ratios = { 0 = "1" }                  # shares per token from a block on

# Whose they are.
[owners.desk]
unhedged = []                         # shares that are knowingly not hedged

[owners.desk.vaults.base]
account = "vault"
addresses = ["0x00000000000000000000000000000000000de5c0"]

"""

_LIMITS = """\
# The limits no order passes.
[risk]
order_notional_usd_max = "50000"
order_shares_max = "200"
collar_bps_max = 100
second_bps_max = 100
price_age_s_max = 180
day_loss_usd_max = "5000"
open_orders_max = 10
orders_per_minute_max = 30
residue_usd_max = "2000"
depeg_bps_max = 50
resends_max = 2

[marks]
USDC = "1"

# Secrets are named here and kept elsewhere: keyring:service/name, age:path#name, env:NAME, file:path, exec:command.
[secrets]
"""

EXAMPLE = (
    """\
# flatbook.toml: one paper desk. `flatbook config check` says what is wrong, `flatbook config show --effective` what
# is in force and where it comes from. Exact numbers stand in quotes. Relative paths start at FLATBOOK_HOME.

version = 1
mode = "paper"                        # observe: book everything, send nothing

[journal]
path = "journal.sqlite"

# Where fills come from.
[chains.base]
id = 8453
source = "recorded"
path = "recordings/base.jsonl.gz"
lag_blocks = 0                        # how far behind the newest block fills are taken
gas_coin = "ETH"
order_books = ["0xd2938e7c9fe3597f78832ce780feb61945c377d7"]
fill_shares_max = "500"               # a larger fill is booked, and its hedge waits for you

"""
    + _TOKENS
    + """\
# Where they are hedged.
[accounts.paper]
kind = "paper"
ledger = "paper-broker.sqlite"
bars = "paper-bars"
cash = "1000000"
seed = "1"

[accounts.paper.holdings]
COIN = "1000"

[accounts.paper.fees]
commission_per_order = "0"
commission_per_share = "0"
sell_notional_rate = "0"
sell_per_share = "0.000166"

[instruments."COIN/USD@paper"]
account = "paper"
symbol = "COIN"
underlying = "COIN"
quote = "USD"
tick = "0.01"
tick_below_one = "0.0001"
lot = "1"
qty_min = "1"
notional_min = "1"
contract_size = "1"

[prices.paper-bars]
kind = "recorded_bars"
quote = "USD"

[prices.paper-bars.files]
COIN = "recordings/coin-bars.csv.gz"

# How.
[hedges.desk.COIN]
instrument = "COIN/USD@paper"
threshold_shares = "1"
order_shares_max = "100"
sessions = ["regular"]
price_source = "paper-bars"
price_age_s_max = 120
second_source = "none"
collar_bps = 50
order_ttl_s = 60
close_cutoff_s = 60
retry_s = 5
shorting = false

"""
    + _LIMITS
)

EXAMPLE_JURISDICTION = 'jurisdiction = "us"'

LIVE_EXAMPLE = (
    """\
# flatbook.toml: one live desk. Orders move real money. `flatbook config check` says what is wrong and what to consent
# to, `flatbook doctor` asks nodes and brokers, `flatbook run --live` trades. Begin with mode = "observe", which reads.

version = 1
mode = "live"                         # observe: book everything, send nothing
jurisdiction = "us"                   # by which rules you trade: us, uk_retail, other, or one under [jurisdictions]

[journal]
path = "journal.sqlite"

# Where fills come from: at least two nodes that do not depend on each other. What they do not agree on is not taken.
[chains.base]
id = 8453
source = "nodes"
hedge_at = "safe"                     # head is sooner, and more often taken back by a reorganisation
first_block = 40000000                # the block from which on fills are yours to hedge
gas_coin = "ETH"
order_books = ["0xd2938e7c9fe3597f78832ce780feb61945c377d7"]
fill_shares_max = "500"               # a larger fill is booked, and its hedge waits for you

[chains.base.nodes.one]
url = "secret:base_node_one"          # an address that holds a key is a secret

[chains.base.nodes.two]
url = "https://mainnet.base.org"

[chains.base.pyth]                    # what Pyth said of your fills: shown beside them, nothing is decided on it
contract = "0x8250f4af4b972684f7b336503e2d6dfedeb1487a"

[chains.base.pyth.feeds.COIN]
id = "0xfee33f2a978bf32dd6b662b65ba8083c6773b494f8401194ec1870c640860245"

"""
    + _TOKENS
    + """\
# Where they are hedged.
[accounts.alpaca]
kind = "alpaca"
api = "trading"
environment = "live"                  # paper: the same with money that is not real
account_id = "00000000-0000-0000-0000-000000000000"
key = "secret:alpaca_key"
secret = "secret:alpaca_secret"
shorting = "never"

[instruments."COIN/USD@alpaca"]
account = "alpaca"
symbol = "COIN"
underlying = "COIN"
quote = "USD"
tick = "0.01"
tick_below_one = "0.0001"
lot = "1"
qty_min = "1"
notional_min = "1"
contract_size = "1"

[prices.alpaca-quotes]
kind = "alpaca_quotes"
account = "alpaca"
underlyings = ["COIN"]
feeds = ["sip"]
age_s_max = 10
spread_bps_max = 50

# How.
[hedges.desk.COIN]
instrument = "COIN/USD@alpaca"
threshold_shares = "1"
order_shares_max = "100"
sessions = ["regular"]
price_source = "alpaca-quotes"
price_age_s_max = 10
second_source = "none"
collar_bps = 50
order_ttl_s = 60
close_cutoff_s = 60
retry_s = 5
shorting = false

"""
    + _LIMITS
    + """\
base_node_one = "keyring:flatbook/base_node_one"
alpaca_key = "keyring:flatbook/alpaca_key"
alpaca_secret = "keyring:flatbook/alpaca_secret"
"""
)
