"""`flatbook sim serve`: a simulated broker or exchange that other processes can reach."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import show

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

ACCOUNTS = {"alpaca": "00000000-0000-4000-8000-000000000001", "schwab": "123456789"}
EXCHANGE_ACCOUNT = "main"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Opening:
    """What the account has when it is opened, and how one gets to it."""

    hold: Annotated[list[str] | None, says("A share or coin and how much is held, such as COIN=1000.")] = None
    cash: Annotated[str, says("Cash in USD, or USDT at an exchange.")] = "1000000"
    account: Annotated[str | None, says("The id or number of the account.")] = None
    key: Annotated[str, says("The key that callers prove themselves with.")] = "key"
    secret: Annotated[str, says("The secret that goes with it.")] = "word"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Play:
    """How the broker or exchange behaves."""

    fault: Annotated[list[str] | None, says("A fault and its chance in basis points, such as N9=500.")] = None
    recording: Annotated[
        list[str] | None, says("A market and a recording of Binance that it follows, such as perp:BTCUSDT=FILE.gz.")
    ] = None
    seed: Annotated[str, says("What prices, ids and faults are drawn from.")] = "1"
    shift: Annotated[int, says("Seconds that its clock is ahead of the machine's, as in [clock] shift_s.")] = 0


OPENING, PLAY = Opening(), Play()


def serve(
    broker: Annotated[Literal["alpaca", "schwab", "binance", "bybit"], says("Whose protocol is spoken.")],
    /,
    *,
    price: Annotated[
        list[str], says("A share or symbol and its price, such as COIN=250 or BTCUSDT=50000; again for more.")
    ],
    port: Annotated[int, says("The port on this machine; any free one when 0.")] = 0,
    opening: Opening = OPENING,
    play: Play = PLAY,
    where: Where = HERE,
) -> None:
    """Plays a broker or an exchange over HTTP on this machine until it is stopped, for desks that have its address.

    Nothing there is real. Its books are written line by line to sim-BROKER.jsonl in the home. SIGUSR1 ends its faults.
    """
    import asyncio

    from flatbook.journal.files import make_folder
    from flatbook.services.sim_serve import Broker, Serving
    from flatbook.services.sim_serve import serve as serving_of

    make_folder(where.folder)
    prices = _numbers(price, "--price")
    if broker not in ACCOUNTS:
        _check_symbols(prices)
    serving = Serving(
        broker=Broker(broker),
        account=opening.account or ACCOUNTS.get(broker, EXCHANGE_ACCOUNT),
        key=opening.key,
        secret=opening.secret,
        prices=prices,
        holdings=_numbers(opening.hold or [], "--hold"),
        cash=_number(opening.cash, "--cash"),
        faults=_faults(play.fault or []),
        books=where.folder / f"sim-{broker}.jsonl",
        recordings=_recordings(play.recording or [], prices),
        seed=play.seed,
        shift_s=play.shift,
        port=port,
    )

    def ready(url: str) -> None:
        body = {"url": url, "account": serving.account, "books": str(serving.books)}
        lines = (f"{broker} listens at {url}, account {serving.account}; its books: {serving.books}",)
        show("sim.serve", body, lambda: lines, as_json=where.as_json)
        sys.stdout.flush()

    asyncio.run(serving_of(serving, ready))


def _faults(stated: list[str]) -> dict[str, int]:
    """Returns the faults by their ids. Units: basis points."""
    from flatbook.sim.chance import BPS_WHOLE
    from flatbook.sim.faults import FAULTS

    faults = {name: int(bps) for name, bps in _numbers(stated, "--fault").items()}
    for name, bps in faults.items():
        if name not in FAULTS or not 0 < bps <= BPS_WHOLE:
            what = f"{name}={bps} is no fault of the catalogue with a chance from 1 to {BPS_WHOLE}"
            raise Failed(Exit.USAGE, what, where="--fault", do="docs/faults.md lists them")
    return faults


def _recordings(stated: list[str], prices: dict[str, Decimal]) -> dict[str, Path]:
    """Returns the files of markets that follow a recording."""
    from pathlib import Path

    found = {}
    for each in stated:
        market, _, name = each.partition("=")
        kind, _, symbol = market.partition(":")
        if kind not in ("spot", "perp") or symbol not in prices or not Path(name).is_file():
            what = f"{each} is no market with a --price and a file"
            raise Failed(Exit.USAGE, what, where="--recording", do="write spot:SYMBOL=FILE or perp:SYMBOL=FILE")
        found[market] = Path(name)
    return found


def _check_symbols(prices: dict[str, Decimal]) -> None:
    """Refuses what is no symbol of an exchange with its price."""
    from flatbook.services.sim_exchange import quote_of

    for symbol, price in prices.items():
        if quote_of(symbol) is None or price <= 0:
            what = f"{symbol}={price} is no symbol such as BTCUSDT with a price above zero"
            raise Failed(Exit.USAGE, what, where="--price", do="write the coin and USDT or USDC in one word")


def _numbers(stated: list[str], option: str) -> dict[str, Decimal]:
    found = {}
    for each in stated:
        name, _, number = each.partition("=")
        found[name] = _number(number, option)
    return found


def _number(text: str, option: str) -> Decimal:
    from flatbook.ops.config_fields import number_of

    try:
        return number_of(text)
    except ValueError as error:
        raise Failed(Exit.USAGE, str(error), where=option, do="write NAME=NUMBER, or a plain number") from error
