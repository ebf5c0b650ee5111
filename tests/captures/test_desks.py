"""Desks that trade on paper at markets which six exchanges show in their own words: books, trades, beats and breaks."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from flatbook.events.orders import Fee, OrderFilled
from flatbook.sim.loop import VirtualLoop
from flatbook.values.ids import AssetId
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import Money
from tests.captures.made import SYMBOLS, Made, made, told_trade
from tests.parity.paper_desk import CONFIG, PaperDesk
from tests.parity.recorded_market import Frame

D = Decimal
NAMES = ("okx", "gate", "bitget", "gemini", "coinbase", "bitstamp")
BEATS = {
    "okx": "ping",
    "bitget": "ping",
    "gate": '{"time":0,"channel":"spot.ping"}',
    "bitstamp": '{"event":"bts:heartbeat"}',
}
ASKED_ANEW = ("okx", "bitget")  # a beat is answered there before the market begins, and no whole book has come
FEES_IN_QUOTE = ("gemini", "coinbase", "bitstamp")
START = instant_of_text("2026-06-02T14:00:00Z")
STEP_NS = NS_PER_S // 10
TOLD_AT, BROKEN_AT = (100, 120, 250, 270), 160


class Shown:
    """A market as a venue shows it: all sockets hear all frames. Once, all are hung up on, and begin anew."""

    def __init__(self, loop: VirtualLoop, frames: list[Frame], name: str, session: Made) -> None:
        self._loop, self._frames, self._name, self._session = loop, frames, name, session
        self._sockets: list[web.WebSocketResponse] = []
        self._told = 0
        self.said, self.conversations = list[str](), 0

    def runner(self) -> web.AppRunner:
        """Returns what serves it, to be given a site."""
        app = web.Application()
        app.router.add_get("/{way:.*}", self._serve)
        return web.AppRunner(app)

    async def play(self) -> None:
        """Tells all frames, each at its time."""
        for number, frame in enumerate(self._frames):
            gone = self._loop.create_future()
            self._loop.call_at_instant(frame.at, gone.set_result, None)
            await gone
            if number == BROKEN_AT:
                sockets, self._sockets = self._sockets, []
                for socket in sockets:
                    await socket.close()
            self._told = number + 1
            for socket in tuple(self._sockets):
                await socket.send_str(frame.text)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(text=self._whole(), content_type="application/json")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.conversations += 1
        for text in self._again():
            await socket.send_str(text)
        self._sockets.append(socket)
        async for message in socket:
            self.said.append(message.data)
            if message.data == "ping":
                await socket.send_str("pong")
        self._sockets = [each for each in self._sockets if each is not socket]
        return socket

    def _whole(self) -> str:
        return next(line.text for line in self._session.lines if not line.is_frame)

    def _again(self) -> list[str]:
        """Returns what who comes late hears first: a whole book and all that came since, in the venue's own words."""
        books = {line.text for line in self._session.lines if line.is_frame}
        return [frame.text for frame in self._frames[: self._told] if frame.text in books]


def desk_at(name: str, home: Path) -> tuple[Shown, PaperDesk, list[OrderFilled]]:
    """Returns what came of a desk with a grid that bought and sold where a venue showed others to trade."""
    session, symbol = made(name, count=300), SYMBOLS.get(name, "BTCUSDT")
    texts = [line.text for line in session.lines if line.is_frame]
    for number, place in enumerate(TOLD_AT):
        price, side = ("59990.00", "sell") if number % 2 == 0 else ("60010.00", "buy")
        texts.insert(place, told_trade(name, price, "5", side))
    frames = [Frame(Instant(START + number * STEP_NS), text) for number, text in enumerate(texts)]
    config = CONFIG
    for old, new in (
        ('exchange = "binance"\nmarket = "usdm"', f'exchange = "{name}"'),
        ('symbol = "BTCUSDT"', f'symbol = "{symbol}"'),
        ('tick = "0.1"', 'tick = "0.01"'),
        ('lot = "0.001"', 'lot = "0.0001"'),
        ('product = "linear_perp"', 'product = "spot"'),
        ('step = "0.3"', 'step = "0.5"'),
    ):
        assert old in config
        config = config.replace(old, new)
    kept: list[Shown] = []

    def serving(loop: VirtualLoop, told: list[Frame]) -> Shown:
        kept.append(Shown(loop, told, name, session))
        return kept[0]

    desk = PaperDesk(config, home, frames, serving=serving)
    events = desk.run()
    return kept[0], desk, [each for each in events if isinstance(each, OrderFilled)]


@pytest.mark.parametrize("name", NAMES)
def test_a_grid_trades_on_paper_at_the_market_that_a_venue_shows_in_its_own_words(name: str, tmp_path: Path) -> None:
    market, desk, fills = desk_at(name, tmp_path)
    assert desk.status == {"BTC-PERP": "fit"}
    assert market.conversations == (5 if name in ASKED_ANEW else 4)
    assert (BEATS.get(name) in market.said) == (name in BEATS)
    asset, amount = ("USDT", "0.00599995") if name in FEES_IN_QUOTE else ("BTC", "1E-7")
    fee = Fee(asset=AssetId(asset), amount=Money(D(amount)))
    first, sold = fills[0], next(each for each in fills if each.side is Side.SELL)
    assert (first.side, first.qty, first.price, first.fees) == (Side.BUY, D("0.01"), D("59999.5"), (fee,))
    assert (sold.price, sold.maker) == (D(60_000), True)
    assert len(fills) == 16
