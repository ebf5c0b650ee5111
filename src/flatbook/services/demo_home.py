"""The home of the demo desk: its configuration and its recordings, written anew for each demo."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

from flatbook.ops.config import Loaded, load_text
from flatbook.ops.home import CONFIG_FILE, DEMO_FILE, DEMO_FOLDER, is_demo
from flatbook.sim.tapes.demo_chain import ORDER_BOOK, OUR_OWNER, USDC, WTCOIN, write_chain
from flatbook.sim.tapes.demo_tape import BARS_FILE, POOL_MIDS, SAMPLES_FILE, TAPE_FOLDER, DemoTape
from flatbook.values.instants import Instant, later, text_of_instant

MARKET_FILE = "btcusdt.jsonl.gz"
GRID_FILE = "grid.toml"
CHAIN_FILE = "base.jsonl.gz"
AFTER_LAST_FILL_S = 86_400
THRESHOLD_SHARES = "1"

CONFIG = """\
# The demo desk: a recorded chain, recorded prices, a paper broker. No keys, no network.
version = 1
mode = "paper"

[clock]
kind = "tape"
start = {start}
end = {end}

[pace]
chain_poll_s = 10
order_poll_s = 5
idle_poll_s = 120
statement_s = 1800
retry_s = 5

[log]
level = "info"

[chains.base]
id = 8453
source = "recorded"
path = "recordings/{chain_file}"
lag_blocks = 0
gas_coin = "ETH"
order_books = ["{order_book}"]
fill_shares_max = "100"

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
ratios = {{ 0 = "1" }}

[owners.desk]
unhedged = []

[owners.desk.vaults.base]
account = "vault"
addresses = ["{owner}"]

[accounts.paper]
kind = "paper"
ledger = "paper-broker.sqlite"
bars = "paper-bars"
cash = "1000000"
seed = "flatbook demo"

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
lot = "0.001"
qty_min = "0.001"
notional_min = "1"
contract_size = "1"

[prices.paper-bars]
kind = "recorded_bars"
quote = "USD"

[prices.paper-bars.files]
COIN = "recordings/{bars_file}"

[prices.{pool_source}]
kind = "recorded_pool_mids"
quote = "USDC"

[prices.{pool_source}.files]
COIN = "recordings/{samples_file}"

[hedges.desk.COIN]
instrument = "COIN/USD@paper"
threshold_shares = "{threshold}"
order_shares_max = "50"
sessions = ["regular"]
price_source = "paper-bars"
price_age_s_max = 300
collar_bps = 100
second_source = "{pool_source}"
second_age_s_max = 900
second_bps_max = 1000
order_ttl_s = 900
close_cutoff_s = 60
retry_s = 60
shorting = false

[risk]
order_notional_usd_max = "25000"
order_shares_max = "50"
collar_bps_max = 150
second_bps_max = 1200
price_age_s_max = 300
day_loss_usd_max = "10000"
open_orders_max = 5
orders_per_minute_max = 10
residue_usd_max = "5000"
depeg_bps_max = 50
resends_max = 3

[marks]
USDC = "1"
"""

GRID_CONFIG = """\
# The grid beside the hedge: a paper account at an exchange, whose recorded market is played again and again once the
# tape has ended. `flatbook data record` makes such recordings of your own.
[accounts.exchange]
kind = "paper_exchange"
exchange = "binance"
ledger = "paper-exchange.json"
recording = "recordings/{market_file}"
maker_bps = "0.5"
taker_bps = "5"
shorting = "never"

[accounts.exchange.coins]
USDT = "100000"

[instruments."BTC/USDT@exchange"]
account = "exchange"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.01"
lot = "0.00001"
qty_min = "0.00001"
notional_min = "5"
contract_size = "1"

[grid.maker."BTC/USDT@exchange"]
mode = "long"
buy_levels = 8
sell_levels = 8
step = "12"
quote_per_level = "2000"
inventory_max = "0.5"
fee_bps = "0.5"
order_notional_usd_max = "2500"
order_qty_max = "0.1"
orders_per_minute_max = 400
day_loss_usd_max = "2000"
collar_bps_max = 200
book_age_ms_max = 3000

[risk]  # these count the orders of the whole desk, and a grid has many
open_orders_max = 60
orders_per_minute_max = 400

[marks]
USDT = "1"
BTC = "61660"
"""


class HomeRefused(Exception):
    """The demo's folder holds something that is not a demo. Says what to do."""


def demo_home(desk_home: Path) -> Path:
    """Returns the folder of the demo beside a desk's own files."""
    return desk_home / DEMO_FOLDER


def make_home(home: Path, tape: DemoTape) -> None:
    """Writes a fresh demo home, an earlier demo's journal and ledger removed.

    Errors: HomeRefused when the folder holds anything else.
    """
    if home.exists() and any(home.iterdir()) and not is_demo(home):
        raise HomeRefused(f"{home} is no demo of flatbook: move it away or set FLATBOOK_HOME to another folder")
    shutil.rmtree(home, ignore_errors=True)
    recordings = home / "recordings"
    recordings.mkdir(parents=True)
    (home / DEMO_FILE).write_text("made by `flatbook demo`; removed by the next one\n", encoding="ascii")
    for name in (BARS_FILE, SAMPLES_FILE):
        (recordings / name).write_bytes((files("flatbook.sim.tapes") / TAPE_FOLDER / name).read_bytes())
    write_chain(tape, recordings / CHAIN_FILE)
    (home / CONFIG_FILE).write_text(config_text(tape), encoding="ascii")


def add_grid(home: Path) -> None:
    """Adds a grid to a demo home, which trades once the tape has ended."""
    (home / "recordings" / MARKET_FILE).write_bytes(
        (files("flatbook.sim.tapes") / TAPE_FOLDER / MARKET_FILE).read_bytes()
    )
    folder = (home / CONFIG_FILE).with_suffix(".d")
    folder.mkdir()
    (folder / GRID_FILE).write_text(GRID_CONFIG.format(market_file=MARKET_FILE), encoding="ascii")


def hedge_alone(home: Path) -> Loaded:
    """Returns the configuration of a demo without its grid: what runs while the tape is replayed."""
    return load_text((home / CONFIG_FILE).read_text("ascii"), home)


def config_text(tape: DemoTape) -> str:
    """Returns the configuration of the demo desk."""
    return CONFIG.format(
        start=_toml_instant(tape.starts_at),
        end=_toml_instant(later(tape.ends_at, seconds=AFTER_LAST_FILL_S)),
        chain_file=CHAIN_FILE,
        order_book=ORDER_BOOK,
        usdc=USDC,
        wtcoin=WTCOIN,
        owner=OUR_OWNER,
        bars_file=BARS_FILE,
        samples_file=SAMPLES_FILE,
        pool_source=POOL_MIDS,
        threshold=THRESHOLD_SHARES,
    )


def _toml_instant(at: Instant) -> str:
    return text_of_instant(at)
