"""The paths of the simulated Alpaca: lists, pages, limits, and who may ask."""

from __future__ import annotations

from flatbook.values.instants import instant_of_text
from tests.unit.sim.alpaca.scene import ACCOUNT, KEYS, OTHER, TRADING_KEYS, Faults, Scene

LIMIT = {"type": "limit", "limit_price": "150"}


def test_both_apis_show_the_same_orders() -> None:
    scene = Scene()
    order = scene.place()[1]
    assert scene.ask("GET", f"/v2/orders/{order['id']}") == (200, order)
    assert scene.ask("GET", f"orders/{order['id']}") == (200, order)
    assert scene.ask("GET", "/v2/orders:by_client_order_id?client_order_id=one") == (200, order)
    body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    status, second = scene.ask("POST", "/v2/orders", body)
    assert (status, len(second["client_order_id"])) == (200, 36)
    assert [row["id"] for row in scene.ask("GET", "/v2/orders")[1]] == [second["id"], order["id"]]


def test_an_order_has_the_documented_fields() -> None:
    order = Scene().place(**LIMIT, extended_hours=True)[1]
    assert {name: order[name] for name in ("symbol", "qty", "filled_qty", "side", "type", "time_in_force")} == {
        "symbol": "AAPL",
        "qty": "10",
        "filled_qty": "0",
        "side": "buy",
        "type": "limit",
        "time_in_force": "day",
    }
    assert (order["limit_price"], order["extended_hours"], order["notional"]) == ("150", True, None)
    assert order["submitted_at"] == order["created_at"] == "2026-06-02T14:00:00Z"


def test_the_list_of_orders_is_filtered_cut_and_turned() -> None:
    scene = Scene()
    for name in ("a", "b", "c"):
        scene.place(name, **LIMIT)
        scene.wait(seconds=1)
    scene.place("filled")
    scene.wait(seconds=1)

    def names(query: str) -> list[str]:
        return [row["client_order_id"] for row in scene.ask("GET", f"orders?{query}")[1]]

    assert names("") == ["c", "b", "a"]
    assert names("status=closed") == ["filled"]
    assert names("status=all&direction=asc&limit=2") == ["a", "b"]
    assert names("status=all&after=2026-06-02T14:00:01Z") == ["filled", "c"]
    assert names("status=all&until=2026-06-02T14:00:01Z") == ["a"]
    assert names("status=all&symbols=NVDA,TSLA") == []
    assert scene.ask("GET", "orders?limit=501")[0] == 422


def test_orders_that_are_not_there_are_not_found() -> None:
    scene = Scene()
    order_id = "61e69015-8549-4bfd-b9c3-01e75843f47d"
    missing = (404, {"code": 40410000, "message": f"order not found for {order_id}"})
    assert scene.ask("GET", f"orders/{order_id}") == missing
    assert scene.ask("DELETE", f"orders/{order_id}") == missing
    assert scene.ask("GET", "orders:by_client_order_id?client_order_id=none") == (
        404,
        {"code": 40410000, "message": "order not found"},
    )
    assert scene.ask("GET", "orders/none") == (422, {"code": 40010001, "message": "order_id is missing"})


def test_orders_of_another_account_are_not_shown() -> None:
    scene = Scene()
    order_id = scene.place()[1]["id"]
    assert scene.ask("GET", f"/v1/trading/accounts/{OTHER}/orders/{order_id}")[0] == 404
    assert scene.ask("GET", f"/v1/trading/accounts/{OTHER}/orders:by_client_order_id?client_order_id=one")[0] == 404
    assert scene.ask("GET", "/v1/trading/accounts/none/orders") == (
        404,
        {"code": 40410000, "message": "account not found"},
    )


def test_what_has_ended_or_is_being_canceled_is_not_canceled() -> None:
    scene = Scene()
    filled, resting = scene.place()[1]["id"], scene.place("two", **LIMIT)[1]["id"]
    scene.wait(seconds=1)
    assert scene.ask("DELETE", f"orders/{filled}") == (
        422,
        {"code": 42210000, "message": 'order is already in "filled" state'},
    )
    assert scene.ask("DELETE", f"orders/{resting}") == (204, None)
    assert scene.ask("DELETE", f"orders/{resting}") == (422, {"code": 42210000, "message": "order pending cancel"})


def test_all_open_orders_are_canceled_at_once() -> None:
    scene = Scene()
    ids = [scene.place(name, **LIMIT)[1]["id"] for name in ("a", "b")]
    assert scene.ask("DELETE", "orders") == (207, [{"id": order_id, "status": 200} for order_id in ids])
    scene.wait(seconds=1)
    assert scene.ask("GET", "orders") == (200, [])


def test_executions_come_in_pages_that_continue_after_a_token() -> None:
    scene = Scene(Faults(pieces=[2_000, 2_000, 2_000, 2_000]))
    order_id = scene.place()[1]["id"]
    scene.wait(seconds=2)
    seen: list[str] = []
    token = ""
    for _ in range(9):
        page = scene.fills(f"direction=asc&page_size=2{token}")
        if not page:
            break
        seen += [row["cum_qty"] for row in page]
        token = f"&page_token={page[-1]['id']}"
    assert seen == ["2", "4", "6", "8", "10"]
    newest = scene.fills("page_size=1")[0]
    assert (newest["cum_qty"], newest["id"][:19]) == ("10", "20260602100000315::")
    assert len(scene.fills(f"order_id={order_id}")) == 5
    assert scene.fills("order_id=other") == []
    assert len(scene.ask("GET", "/v2/account/activities/FILL")[1]) == 5
    assert scene.fills("page_token=unknown") == {"code": 40010001, "message": "invalid page_token"}


def test_activities_are_filtered_by_day_instant_and_account() -> None:
    scene = Scene()
    scene.place()
    scene.at = instant_of_text("2026-06-03T14:00:00Z")
    scene.place("two")
    scene.wait(seconds=1)
    days = [len(scene.fills(f"date={day}")) for day in ("2026-06-02", "2026-06-03", "2026-06-04")]
    assert days == [1, 1, 0]
    assert len(scene.fills("after=2026-06-02T14:00:00.075Z")) == 1
    assert len(scene.fills("until=2026-06-02T14:00:00.075Z")) == 0
    assert scene.ask("GET", f"/v1/accounts/activities/FILL?account_id={OTHER}") == (200, [])
    assert scene.ask("GET", "/v1/accounts/activities/NONE")[0] == 422


def test_positions_account_and_asset_are_shown() -> None:
    scene = Scene()
    scene.place(side="sell", qty="40", type="limit", limit_price="300")
    status, position = scene.ask("GET", "positions/AAPL")
    assert (status, position["qty"], position["qty_available"], position["side"]) == (200, "50.5", "10.5", "long")
    assert scene.ask("GET", "positions/NVDA") == (404, {"code": 40410000, "message": "position does not exist"})
    account = scene.ask("GET", "account")[1]
    assert (account["cash"], account["buying_power"], account["equity"]) == ("100000", "96000", "106100")
    assert scene.ask("GET", "/v1/assets/BRK.A")[1]["fractionable"] is False
    assert scene.ask("GET", "/v2/assets/NONE")[0] == 404


def test_the_clock_and_the_calendar_are_those_of_new_york() -> None:
    scene = Scene()
    assert scene.ask("GET", "/v1/clock")[1] == {
        "timestamp": "2026-06-02T10:00:00-04:00",
        "is_open": True,
        "next_open": "2026-06-03T09:30:00-04:00",
        "next_close": "2026-06-02T16:00:00-04:00",
    }
    scene = Scene(at=instant_of_text("2025-11-29T12:00:00Z"))
    assert scene.ask("GET", "/v2/clock")[1]["next_open"] == "2025-12-01T09:30:00-05:00"
    assert scene.ask("GET", "/v1/calendar?start=2025-11-27&end=2025-11-30")[1] == [
        {
            "date": "2025-11-28",
            "open": "09:30",
            "close": "13:00",
            "session_open": "0400",
            "session_close": "1700",
            "settlement_date": "2025-12-01",
        }
    ]
    assert scene.ask("GET", "/v1/calendar?start=tomorrow")[0] == 422


def test_only_who_has_the_keys_may_ask() -> None:
    scene = Scene()
    refused = {"code": 40110000, "message": "request is not authorized"}
    for path, keys in (("/v1/clock", TRADING_KEYS), ("/v2/clock", KEYS), ("/v1/clock", {"authorization": "Basic x"})):
        told = scene.told("GET", path, headers=keys)
        assert (told.status, told.content) == (401, refused)
    assert Scene(Faults(refused=True)).ask("GET", "account") == (401, refused)


def test_requests_above_the_rate_are_refused_until_the_bucket_fills_again() -> None:
    scene = Scene(Faults(per_minute=3))
    remaining = [scene.told("GET", "account").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    told = scene.told("GET", "account")
    assert (told.status, told.content) == (429, {"code": 42910000, "message": "too many requests"})
    reset = instant_of_text("2026-06-02T14:00:21Z") // 1_000_000_000
    assert told.headers["X-RateLimit-Reset"] == str(reset)
    scene.wait(seconds=19)
    assert scene.ask("GET", "account")[0] == 429
    scene.wait(seconds=2)
    assert scene.ask("GET", "account")[0] == 200


def test_an_answer_may_use_a_strange_word_or_name_another_order() -> None:
    assert Scene(Faults(strange="calculating")).place()[1]["status"] == "calculating"
    scene = Scene(Faults(neighbour=True))
    first, second = scene.place(), scene.place("two")
    assert (second[1]["id"], second[1]["client_order_id"]) == (first[1]["id"], "two")


def test_what_is_not_simulated_is_not_found() -> None:
    scene = Scene()
    for path in ("/v1/journals", "/v2/watchlists", "watchlists"):
        assert scene.ask("GET", path)[0] == 404
    assert scene.ask("PUT", "orders/61e69015-8549-4bfd-b9c3-01e75843f47d")[0] == 405
    assert scene.front.ledger.opened[ACCOUNT].may_short


def test_an_order_is_replaced_and_only_one_of_the_two_ever_works() -> None:
    scene = Scene()
    scene.place("one", type="limit", limit_price="150")
    scene.wait(ms=20)
    first = scene.order()["id"]
    status, new = scene.ask("PATCH", f"orders/{first}", {"qty": "4", "limit_price": "250"})
    assert (status, new["qty"], new["limit_price"], new["replaces"]) == (200, "4", "250", first)
    assert scene.order()["status"] == "pending_replace"
    assert scene.ask("PATCH", f"orders/{first}", {"qty": "5"})[0] == 422
    scene.wait(seconds=1)
    assert (scene.order()["status"], scene.order()["replaced_by"]) == ("replaced", new["id"])
    assert scene.ask("GET", f"orders/{new['id']}")[1]["status"] == "filled"
    assert [(row["order_id"], row["qty"]) for row in scene.fills()] == [(new["id"], "4")]
    assert scene.ask("PATCH", f"orders/{first}", {"qty": "5"})[0] == 422
    assert scene.ask("PATCH", "orders/61e69015-8549-4bfd-b9c3-01e75843f47d", {"qty": "5"})[0] == 404


def test_an_order_that_fills_while_it_is_replaced_has_no_successor() -> None:
    scene = Scene()
    scene.place("one", type="limit", limit_price="250")
    scene.wait(ms=74)
    _, new = scene.ask("PATCH", f"orders/{scene.order()['id']}", {"qty": "4"})
    scene.wait(seconds=1)
    assert scene.order()["status"] == "filled"
    assert scene.ask("GET", f"orders/{new['id']}")[1]["status"] == "rejected"
    assert len(scene.fills()) == 1


def test_a_position_is_closed_by_an_order_at_market() -> None:
    scene = Scene()
    status, order = scene.ask("DELETE", "positions/AAPL?percentage=50")
    assert (status, order["side"], order["qty"], order["type"]) == (200, "sell", "25.25", "market")
    assert scene.ask("DELETE", "positions/NVDA")[0] == 404
    assert scene.ask("DELETE", "positions/AAPL?qty=much")[0] == 422
    scene.wait(seconds=1)
    status, rows = scene.ask("DELETE", "positions?cancel_orders=true")
    assert (status, [(row["symbol"], row["status"]) for row in rows]) == (207, [("AAPL", 200), ("TSLA", 200)])
    scene.wait(seconds=1)
    assert scene.ask("GET", "positions")[1] == []


def test_a_position_states_what_its_shares_cost_on_average() -> None:
    scene = Scene()
    scene.place("one", symbol="NVDA")
    scene.wait(seconds=1)
    scene.set_price("NVDA", "230")
    scene.place("two", symbol="NVDA", qty="20")
    scene.wait(seconds=1)
    found = scene.ask("GET", "positions/NVDA")[1]
    assert (found["qty"], found["avg_entry_price"], found["cost_basis"]) == ("30", "220", "6600")
    assert found["unrealized_pl"] == "300"


def test_assets_are_listed_by_status_and_found_by_id() -> None:
    scene = Scene()
    active = scene.ask("GET", "/v1/assets?status=active")[1]
    assert [row["symbol"] for row in active] == ["AAPL", "TSLA", "NVDA", "BRK.A", "GONE"]
    assert scene.ask("GET", f"/v1/assets/{active[0]['id']}")[1]["symbol"] == "AAPL"


def test_the_latest_trades_and_quotes_are_told_of_the_feeds_that_are_subscribed() -> None:
    scene = Scene()
    scene.set_price("NVDA", None)
    assert scene.ask("GET", "/v2/stocks/trades/latest?symbols=AAPL,NVDA&feed=iex")[1]["trades"]["AAPL"]["p"] == 200
    quotes = scene.ask("GET", "/v2/stocks/quotes/latest?symbols=AAPL,NVDA&feed=delayed_sip")[1]["quotes"]
    assert list(scene.ask("GET", "/v2/stocks/quotes/latest?symbols=AAPL,NVDA")[1]["quotes"]) == ["AAPL"]
    assert (list(quotes), quotes["AAPL"]["bp"], quotes["AAPL"]["ap"]) == (["AAPL", "NVDA"], 199.99, 200.01)
    assert quotes["AAPL"]["t"] == "2026-06-02T13:45:00Z"
    words = "subscription does not permit querying recent SIP data"
    assert scene.ask("GET", "/v2/stocks/quotes/latest?symbols=AAPL&feed=sip")[1]["message"] == words
    lost = Scene(Faults(unsubscribed=("iex",)))
    assert lost.ask("GET", "/v2/stocks/trades/latest?symbols=AAPL&feed=iex")[0] == 403
    assert scene.ask("GET", "/v2/stocks/bars/latest?symbols=AAPL&feed=iex")[0] == 400
