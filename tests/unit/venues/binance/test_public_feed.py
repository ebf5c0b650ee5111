"""What Binance tells of its three markets is read exactly, and what cannot be read says why."""

from __future__ import annotations

import pytest

from flatbook.market.depth import Unread, UnreadFor, Unused
from flatbook.market.ticks import Kind, Product, Tick, Told
from flatbook.venues.binance.public_feed import contract_size_of, market_of, quote_of, rate_of, read_told, read_whole

SPOT_DEPTH = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":5,"u":7,'
    b'"b":[["61737.63000000","0.00000000"]],"a":[["61837.64000000","1.54698000"]]}}'
)
COIN_DEPTH = (
    b'{"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate","E":1723161257440,"T":1723161257432,'
    b'"s":"BTCUSD_PERP","ps":"BTCUSD","U":1,"u":3,"pu":0,"b":[["61773.6","1001"]],"a":[]}}'
)
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1680652700455,"T":1680652700452,"s":"BTCUSDT","t":9,'
    b'"p":"28145.10","q":"0.002","X":"MARKET","m":true}}'
)
BEST = (
    b'{"stream":"btcusdt@bookTicker","data":{"u":36,"s":"BTCUSDT","b":"28165.47","B":"7.98","a":"28165.48","A":"3.2"}}'
)
MARK = (
    b'{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1680652800010,"s":"BTCUSDT",'
    b'"p":"28155.10000000","P":"28141.47600845","i":"28165.04857143","r":"-0.00002760","T":1680652800000}}'
)


def told(frame: bytes) -> Told:
    read = read_told(frame)
    assert isinstance(read, Told)
    return read


def test_a_change_of_a_book_keeps_the_time_of_the_match_where_there_is_one() -> None:
    spot, coin = told(SPOT_DEPTH), told(COIN_DEPTH)
    assert (spot.happened_at, spot.sent_at) == (1723161255208000000, 1723161255208000000)
    assert (coin.happened_at, coin.sent_at) == (1723161257432000000, 1723161257440000000)
    assert spot.depth is not None
    assert spot.depth.depth.asks == [(61_837_640_000_000_000, 1_546_980_000_000)]
    assert (spot.depth.depth.first, spot.depth.depth.last, spot.seq) == (5, 7, 7)


def test_a_trade_says_who_took() -> None:
    trade = told(TRADE)
    assert trade.ticks == (Tick(Kind.TRADE, 28_145_100_000_000_000, 2_000_000_000, -1),)
    assert told(TRADE.replace(b"true", b"false")).ticks[0].p2 == 1
    assert (trade.seq, trade.happened_at) == (9, 1680652700452000000)


def test_a_trade_with_the_insurance_fund_met_no_order_of_the_book() -> None:
    assert read_told(TRADE.replace(b"MARKET", b"INSURANCE_FUND")) is None


def test_best_prices_of_spot_have_no_time() -> None:
    best = told(BEST)
    assert (best.happened_at, best.sent_at, best.seq) == (0, 0, 36)
    assert best.ticks[0].kind is Kind.QUOTE


def test_a_mark_comes_with_its_index_and_the_rate_of_funding() -> None:
    assert told(MARK).ticks == (
        Tick(Kind.MARK, 28_155_100_000_000_000),
        Tick(Kind.INDEX, 28_165_048_571_430_000),
        Tick(Kind.FUNDING, -27_600_000, 1680652800000000000, 28_155_100_000_000_000),
    )


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (TRADE[:-20], UnreadFor.MALFORMED),
        (TRADE.replace(b'"28145.10"', b"28145.10"), UnreadFor.MALFORMED),
        (TRADE.replace(b'"t":9', b'"t":"9"'), UnreadFor.MALFORMED),
        (TRADE.replace(b"28145.10", b"NaN"), UnreadFor.OFF_GRID),
        (TRADE.replace(b"28145.10", b"-1"), UnreadFor.OFF_GRID),
        (TRADE.replace(b"28145.10", b"1e5"), UnreadFor.OFF_GRID),
        (TRADE.replace(b"@trade", b"@sideways"), UnreadFor.UNKNOWN_WORD),
        (b"", UnreadFor.MALFORMED),
    ],
)
def test_what_cannot_be_read_says_why(frame: bytes, reason: UnreadFor) -> None:
    read = read_told(frame)
    assert isinstance(read, Unread)
    assert read.reason is reason


def test_streams_that_we_do_not_use_are_named() -> None:
    assert read_told(b'{"stream":"btcusdt@kline_1m","data":{}}') == Unused("kline")


def test_a_sum_of_trades_of_one_taker_is_a_trade_of_its_own_stream() -> None:
    data = b'{"e":"aggTrade","E":20,"s":"BTCUSDT","a":7,"p":"100.5","q":"2","f":1,"l":3,"T":19,"m":true,"M":true}'
    told = read_told(b'{"stream":"btcusdt@aggTrade","data":' + data + b"}")
    tick = Tick(Kind.TRADE, 100_500_000_000_000, 2_000_000_000_000, -1)
    assert told == Told(
        symbol="BTCUSDT", stream="aggTrade", happened_at=19_000_000, sent_at=20_000_000, seq=7, ticks=(tick,)
    )


def test_a_whole_book_is_read_with_its_number() -> None:
    whole = read_whole("BTCUSDT", b'{"lastUpdateId":4,"E":2,"T":1,"bids":[["1.5","2"]],"asks":[]}')
    assert isinstance(whole, Told)
    assert whole.depth is not None
    assert (whole.depth.is_whole, whole.seq, whole.happened_at) == (True, 4, 1_000_000)
    assert isinstance(read_whole("BTCUSDT", b'{"lastUpdateId":4}'), Unread)


def test_a_change_of_a_book_tells_its_market() -> None:
    assert market_of(SPOT_DEPTH) == (Product.SPOT, "binance")
    assert market_of(COIN_DEPTH) == (Product.INVERSE, "binancecoinm")
    assert market_of(SPOT_DEPTH.replace(b'"U":5', b'"U":5,"pu":4')) == (Product.LINEAR, "binanceusdm")
    assert market_of(TRADE) is None


def test_contracts_of_coin_m_are_worth_dollars() -> None:
    assert contract_size_of(Product.INVERSE, "BTCUSD_PERP") == 100
    assert contract_size_of(Product.INVERSE, "ETHUSD_PERP") == 10
    assert contract_size_of(Product.LINEAR, "BTCUSDT") == 1
    assert (quote_of(Product.SPOT, "ETHBTC"), quote_of(Product.INVERSE, "BTCUSD_PERP")) == ("BTC", "USD")


def test_a_rate_may_be_below_zero() -> None:
    assert rate_of("-0.00002760") == -27_600_000
