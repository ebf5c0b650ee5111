"""The console in a browser, before a running desk."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from flatbook.api.console import PAGES
from flatbook.ops.bundle import check_bundle
from tests.console.conftest import Desk

pytestmark = pytest.mark.real
AXE = Path(__file__).parents[2] / "console/node_modules/axe-core/axe.min.js"
EVENT_SHOWN_S = 1.0
HEADINGS = {
    "overview": "Overview",
    "execution": "Execution",
    "orders": "Orders & trades",
    "inventory": "Inventory",
    "market": "Market",
    "grid": "Grid",
    "reports": "Backtests & reports",
    "events": "Events & logs",
    "health": "Health",
    "risk": "Risk & limits",
    "settings": "Settings",
}
FILLED = {
    "overview": "latest-event",
    "execution": "timeline-order",
    "orders": "orders-table-row",
    "inventory": "positions-table-row",
    "market": "books-table-row",
    "grid": "ladder-table-row",
    "reports": "pnl-lines-table-row",
    "events": "events-table-row",
    "health": "parts-table-row",
    "risk": "limits-table-row",
    "settings": "config-table-row",
}
SAYS = "[...document.querySelectorAll('[data-testid=%s]')].some((each) => each.textContent.includes('%s'))"
AFTER_A_KILL = {
    "overview": SAYS % ("attention-item", "drill of every page"),
    "execution": SAYS % ("working", "nothing works, and nothing is unknown"),
    "inventory": "[...document.querySelectorAll('[data-testid=account-open]')].every((it) =>"
    " /^0 /.test(it.textContent))",
    "grid": "!document.querySelector('[data-testid=ladder-table-row] [data-col=limit] .num')",
    "events": SAYS % ("events-table-row", "drill of every page"),
    "risk": SAYS % ("halts-table-row", "drill of every page"),
}
CAUSES = {"overview": "trading_halted", "events": "trading_halted", "risk": "trading_halted"}
"""The event that a page is waiting for, where it is not the end of the last order."""
NOTED = """() => {
    window.shown = new Promise((told) => {
        const look = () => { if (%s) { told(Date.now() / 1000); watch.disconnect(); } };
        const watch = new MutationObserver(look);
        watch.observe(document.body, {subtree: true, childList: true, characterData: true});
        setTimeout(() => told(Infinity), 15000);
    });
}"""
BEYOND_THE_BAR = """(() => {
    const bar = document.querySelector("[data-testid=top-bar] [role=region]");
    return bar.scrollWidth - bar.clientWidth;
})()"""
WINDOWS = ((1280, 720), (1920, 1080), (390, 844))
WRONG_IN_A_WINDOW = """(() => {
    const pressed = "button, a[href], input, [role=slider]";
    const main = document.querySelector("main");
    const name = (each) => each.dataset.testid ?? each.outerHTML.slice(0, 120);
    const seen = [...document.querySelectorAll(pressed)].filter((each) => each.checkVisibility()
        && !each.closest("[data-testid=skip]") && each.id !== "tv-attr-logo");
    const least = (box) => Math.min(box.width, box.height);
    const small = seen.filter((each) => least(each.getBoundingClientRect()) < 23.5);
    const cut = [...main.querySelectorAll("h2")].filter((each) => each.scrollWidth > each.clientWidth);
    return [
        ...(main.scrollWidth > main.clientWidth ? [`page: ${main.scrollWidth - main.clientWidth} too wide`] : []),
        ...(document.documentElement.scrollWidth > innerWidth ? ["the frame is too wide"] : []),
        ...seen.filter((each) => !each.dataset.testid).map((each) => `without a name: ${name(each)}`),
        ...small.map((each) => `small: ${name(each)}`),
        ...cut.map((each) => `cut: ${each.textContent}`),
    ];
})()"""
"""What does not fit, is smaller than 24 pixels, or has no name for tests: all but the mark of the library of charts."""
LOOKS, LOOKS_MAX, LOOK_MS = 4, 40, 300
TRIES_ON_A_BUSY_MACHINE = 5
SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter((each) => each instanceof CSSTransition).map((each) => each.finished)).then(() => null)"""
"""Waits until every change of colours has ended."""


@pytest.fixture
def page(visit: Any) -> Iterator[Any]:
    """Gives a tab, and fails where the page wrote an error or raised one."""
    tab = visit.new_page()
    wrong: list[str] = []
    tab.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    yield tab
    tab.close()
    assert [text for text in wrong if "net::ERR_CONNECTION_REFUSED" not in text and "WebSocket" not in text] == []


def text_of(page: Any, testid: str) -> str:
    """Returns what a widget says."""
    return str(page.get_by_test_id(testid).first.inner_text())


def agree(page: Any, reason: str) -> None:
    """Gives the reason of an act that was previewed, types the word that it asks for, and sends it."""
    page.get_by_test_id("act-reason").fill(reason)
    page.get_by_test_id("act-confirm").fill(page.get_by_test_id("act-asked").inner_text())
    page.get_by_test_id("act-send").click()


def answered(desk: Desk, token: str) -> int:
    """Returns by which status the API answers a program that shows a token."""
    asked = urllib.request.Request(f"{desk.url}/api/v1/status", headers={"authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def violations(page: Any, *rules: str) -> list[str]:
    """Returns what axe finds wrong with a page by some rules, or by all."""
    found = page.evaluate(
        "rules => axe.run(document, {resultTypes: ['violations'], ...(rules.length ? {runOnly: rules} : {})})",
        list(rules),
    )
    return [f"{each['id']}: {each['nodes'][0]['html'][:160]}" for each in found["violations"]]


def violations_in_both(page: Any) -> dict[str, list[str]]:
    """Returns what axe finds wrong with what is shown, by theme, where it is anything."""
    found = {}
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        page.evaluate(SETTLED)
        found[theme] = violations(page)
    return {theme: wrong for theme, wrong in found.items() if wrong}


def test_every_page_of_the_desk_can_be_used_by_everybody_in_both_themes(page: Any) -> None:
    page.goto("/overview")
    page.get_by_test_id("nav-overview").wait_for()
    page.evaluate(AXE.read_text("utf-8"))
    shown = [name for name in PAGES if page.get_by_test_id(f"nav-{name}").count()]
    assert shown == list(PAGES)
    for name in shown:
        page.get_by_test_id(f"nav-{name}").click()
        page.get_by_role("heading", name=HEADINGS[name], level=1, exact=True).wait_for()
        page.get_by_test_id(FILLED[name]).first.wait_for()
        assert violations_in_both(page) == {}, name
        assert page.get_by_test_id("failed").count() == 0, name


def test_no_page_scrolls_the_frame_that_holds_the_stop(page: Any) -> None:
    page.goto("/overview")
    page.get_by_test_id("nav-overview").wait_for()
    taller = {}
    for name in PAGES:
        page.get_by_test_id(f"nav-{name}").click()
        page.get_by_test_id(FILLED[name]).first.wait_for()
        taller[name] = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    assert taller == dict.fromkeys(PAGES, 0)


@pytest.mark.parametrize(("width", "height"), WINDOWS)
def test_every_page_fits_its_window_and_whatever_is_pressed_can_be_hit(page: Any, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto("/overview")
    page.get_by_test_id("nav-overview").wait_for()
    wrong = {}
    for name in PAGES:
        page.get_by_test_id(f"nav-{name}").click()
        page.get_by_test_id(FILLED[name]).first.wait_for()
        page.wait_for_load_state("networkidle")
        wrong[name] = page.evaluate(WRONG_IN_A_WINDOW)
    assert {name: found for name, found in wrong.items() if found} == {}


def test_the_names_of_the_pages_give_way_to_tables_until_somebody_wants_them(page: Any) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto("/overview")
    page.get_by_label("Widen the navigation").click()
    page.get_by_test_id("nav-orders").get_by_text("g t").wait_for()
    page.reload()
    page.get_by_label("Narrow the navigation").click()
    page.get_by_label("Widen the navigation").wait_for()
    assert page.get_by_test_id("nav-orders").get_by_text("g t").count() == 0
    page.evaluate("localStorage.removeItem('flatbook.settings')")


def test_the_top_bar_shows_a_halt_and_what_waits_without_scrolling(page: Any, desk: Desk) -> None:
    desk.told("halt", "--reason", "drill of the top bar")
    page.goto("/overview")
    page.get_by_test_id("bell-count").wait_for()
    page.get_by_test_id("venues-short").wait_for()
    beyond = page.evaluate(BEYOND_THE_BAR)
    desk.told("lift", desk.told("status")["halts"][0]["halt_id"], "--reason", "the drill is over")
    assert beyond == 0


def test_what_lies_over_a_page_can_be_used_by_everybody_in_both_themes(page: Any) -> None:
    page.goto("/orders")
    page.get_by_test_id("orders-table-row").first.wait_for()
    page.evaluate(AXE.read_text("utf-8"))
    for keys, shown in ((("j", "Enter"), "chain-event"), (("Control+k",), "palette"), (("?",), "keys")):
        for key in keys:
            page.keyboard.press(key)
        page.get_by_test_id(shown).first.wait_for()
        page.evaluate(SETTLED)
        assert violations_in_both(page) == {}, shown
        page.keyboard.press("Escape")
        page.get_by_test_id(shown).first.wait_for(state="hidden")
    page.keyboard.press("Shift+K")
    page.get_by_test_id("act-confirm").wait_for()
    assert violations_in_both(page) == {}, "kill"
    page.keyboard.press("Escape")
    page.get_by_test_id("act-kill").wait_for(state="hidden")


def late_after_a_kill(visit: Any, desk: Desk, names: Iterable[str]) -> dict[str, float]:
    """Returns which of some pages, all open at once, showed a kill too late, and after how many seconds."""
    tabs = {name: visit.new_page() for name in names}
    for name, tab in tabs.items():
        tab.goto(f"/{name}")
        tab.get_by_test_id(FILLED[name]).first.wait_for()
        tab.wait_for_function(f"() => !({AFTER_A_KILL[name]})")
        tab.evaluate(NOTED % AFTER_A_KILL[name])
    desk.told("kill", "--reason", "drill of every page", "--yes")
    shown_at = {name: tab.evaluate("window.shown") for name, tab in tabs.items()}
    desk.told("lift", desk.told("status")["halts"][0]["halt_id"], "--reason", "the drill is over")
    for tab in tabs.values():
        tab.close()
    waited = {name: at - desk.heard_at[CAUSES.get(name, "order_done")] for name, at in shown_at.items()}
    return {name: seconds for name, seconds in waited.items() if seconds > EVENT_SHOWN_S}


def test_every_page_shows_what_happened_within_a_second(visit: Any, desk: Desk) -> None:
    late: dict[str, float] = dict.fromkeys(AFTER_A_KILL, 0.0)
    for _ in range(TRIES_ON_A_BUSY_MACHINE):
        late = late_after_a_kill(visit, desk, late)
        if not late:
            return
    assert late == {}


def test_what_the_engine_sees_of_a_market_is_shown_as_it_moves(page: Any) -> None:
    page.goto("/market")
    page.get_by_test_id("mid-chart").wait_for()
    ages = list[float]()
    while len(ages) < LOOKS or (min(ages) > EVENT_SHOWN_S and len(ages) < LOOKS_MAX):
        page.wait_for_timeout(LOOK_MS)
        ages.append(float(text_of(page, "books-age").removesuffix("s")))
    assert min(ages) <= EVENT_SHOWN_S
    assert page.get_by_test_id("book-bids").locator("tbody tr").count() > 5
    page.get_by_test_id("mid-chart-twin").click()
    assert page.get_by_test_id("mid-chart-table").locator("tbody tr").count() >= 2
    assert " of ours" in text_of(page, "candles-chart-says")
    assert page.get_by_test_id("candles-chart").locator("canvas").count() > 0
    page.get_by_test_id("candles-chart-twin").click()
    assert page.get_by_test_id("candles-chart-table").locator("tbody tr").count() >= 1


def test_a_token_that_is_made_in_the_console_opens_the_api_until_it_is_ended(page: Any, desk: Desk) -> None:
    page.goto("/settings")
    page.evaluate(AXE.read_text("utf-8"))
    page.get_by_test_id("token-add").click()
    page.get_by_test_id("token-name").fill("drill")
    page.evaluate(SETTLED)
    assert violations_in_both(page) == {}
    page.get_by_test_id("token-make").click()
    token = text_of(page, "token-text").strip()
    assert answered(desk, token) == 200
    page.get_by_test_id("token-close").click()
    row = page.get_by_test_id("tokens-table-row").filter(has_text="drill")
    row.get_by_test_id("token-end").click()
    row.wait_for(state="hidden")
    assert page.get_by_text(token).count() == 0
    assert answered(desk, token) == 401


def test_a_backup_is_made_and_read_back_and_a_change_is_told_as_toml_without_being_made(page: Any, desk: Desk) -> None:
    before = (desk.home / "flatbook.toml").read_bytes()
    page.goto("/settings")
    page.get_by_test_id("backup-now").click()
    page.locator("[data-testid=backup-task][data-state=done]").wait_for()
    page.get_by_test_id("backup-check").first.click()
    page.get_by_test_id("backups-table").get_by_text("whole, to event").wait_for()
    page.get_by_test_id("strategy").click()
    page.get_by_test_id("strategy-hedges.desk.COIN").click()
    page.get_by_test_id("field-collar_bps").fill("0")
    page.get_by_test_id("strategy-check").click()
    page.get_by_test_id("strategy-outcome").get_by_text("0 is out of range").wait_for()
    page.get_by_test_id("field-collar_bps").fill("90")
    page.get_by_test_id("strategy-check").click()
    assert text_of(page, "strategy-toml") == "[hedges.desk.COIN]\ncollar_bps = 90\n"
    assert (desk.home / "flatbook.toml").read_bytes() == before
    page.evaluate(AXE.read_text("utf-8"))
    assert violations_in_both(page) == {}


def halt_shown_after_s(page: Any, desk: Desk) -> float:
    """Halts an instrument and lifts it on the page, and returns how long after the command the page showed it."""
    page.get_by_test_id("halts").get_by_text("nothing is halted").wait_for()
    told = desk.told("halt", "--scope", "instrument", "--target", "COIN/USD@paper", "--reason", "drill of the console")
    began = time.monotonic()
    page.locator("[data-testid=halts-table-row] [data-col=reason]").get_by_text("drill of the console").wait_for()
    waited_s = time.monotonic() - began
    assert page.get_by_test_id("halts-table-row").get_attribute("data-row") == told["halt_id"]
    page.get_by_test_id("lift").click()
    page.get_by_test_id("act-confirm").wait_for()
    agree(page, "the drill is over")
    page.get_by_test_id("act-done").wait_for()
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("halts").get_by_text("nothing is halted").wait_for()
    return waited_s


def test_what_happens_is_on_the_page_within_a_second(page: Any, desk: Desk) -> None:
    page.goto("/risk")
    assert any(halt_shown_after_s(page, desk) < EVENT_SHOWN_S for _ in range(TRIES_ON_A_BUSY_MACHINE))


def test_pages_command_line_and_api_say_the_same_of_a_desk_at_rest(page: Any, desk: Desk) -> None:
    desk.told("kill", "--reason", "the numbers stand still", "--yes")
    page.goto("/overview")
    page.get_by_test_id("earned-net").wait_for()
    status, pnl = desk.told("status"), desk.told("pnl")
    shown = page.get_by_test_id("top-exposure-usd").get_attribute("data-value")
    assert shown == status["open_usd"] == page.request.get("/api/v1/status").json()["open_usd"]
    assert text_of(page, "top-open").split("\n")[-1] == str(status["orders"]["open"])
    since = page.request.get("/api/v1/status").json()["open_since"]
    assert page.get_by_test_id("exposure-clock").get_attribute("data-since") == since
    earned = page.get_by_test_id("earned-net").locator("[data-value]").get_attribute("data-value")
    page.goto("/reports")
    page.get_by_test_id("pnl-net").wait_for()
    assert page.get_by_test_id("pnl-net").locator("[data-value]").get_attribute("data-value") == earned
    assert earned == pnl["total"]["net_usd"]
    page.goto("/orders")
    page.get_by_test_id("orders-table-row").first.wait_for()
    assert text_of(page, "orders-table-count") == f"{desk.told('orders')['found']} rows"
    desk.told("lift", status["halts"][0]["halt_id"], "--reason", "the numbers may move")


def test_the_newest_days_are_those_of_the_command_line(page: Any, desk: Desk) -> None:
    page.goto("/overview?days=7")
    shown = page.get_by_test_id("earned-window-net").locator("[data-value]")
    shown.wait_for()
    week = page.request.get("/api/v1/performance?days=7").json()
    told = desk.told("pnl", "--first", week["first"], "--last", week["last"])
    assert shown.get_attribute("data-value") == told["total"]["net_usd"] == week["total"]["net_usd"]
    page.get_by_test_id("earned-window-1").click()
    page.wait_for_url("**/overview?days=1")
    page.get_by_test_id("earned-window-net").get_by_text(f"net, {week['last']}").wait_for()
    assert page.get_by_test_id("objective").count() == len(page.request.get("/api/v1/objectives").json()["objectives"])


def test_a_strategy_is_paused_and_resumed_on_the_overview(page: Any, desk: Desk) -> None:
    page.goto("/overview")
    page.get_by_test_id("pause-maker").click()
    page.get_by_test_id("act-confirm").wait_for()
    agree(page, "a pause of the drill")
    page.get_by_test_id("act-done").wait_for()
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("strategy-state-maker").get_by_text("paused").wait_for()
    (halt,) = desk.told("status")["halts"]
    assert (halt["scope"], halt["target"], halt["reason"]) == ("owner", "maker", "a pause of the drill")
    assert text_of(page, "strategy-state-desk") == "running"
    page.get_by_test_id("resume-maker").click()
    page.get_by_test_id("act-confirm").wait_for()
    agree(page, "the drill is over")
    page.get_by_test_id("act-done").wait_for()
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("strategy-state-maker").get_by_text("running").wait_for()


def test_the_cycle_of_the_row_that_was_chosen_is_shown_step_by_step(page: Any) -> None:
    page.goto("/execution?owner=desk")
    page.get_by_test_id("waterfall-cycle").wait_for()
    latest = page.get_by_test_id("timeline-order").first.get_attribute("data-order")
    assert page.get_by_test_id("waterfall-cycle").get_attribute("data-order") == latest
    row = page.get_by_test_id("timeline-order").nth(1)
    chosen = row.get_attribute("data-order")
    row.click()
    page.wait_for_url(f"**/execution?owner=desk&cycle={chosen}")
    page.locator(f"[data-testid=waterfall-cycle][data-order={chosen}]").wait_for()
    assert page.get_by_test_id("waterfall-step").count() == 7
    page.get_by_test_id("waterfall-why").click()
    page.get_by_test_id("chain-event").first.wait_for()
    page.keyboard.press("Escape")


def test_our_orders_are_marked_in_the_book_and_the_ladder_stands_on_the_candles(page: Any) -> None:
    page.goto("/execution?owner=maker")
    page.get_by_test_id("book-own-says").get_by_text(" of ours ").wait_for()
    assert page.get_by_test_id("book-own").count() > 0
    page.get_by_test_id("grid-chart-says").get_by_text("on BTC/USDT@exchange").wait_for()
    assert page.get_by_test_id("grid-levels-row").count() > 1
    assert page.get_by_test_id("grid-chart").locator("canvas").count() > 0


def test_keys_walk_the_pages_the_rows_and_the_story_of_one(page: Any) -> None:
    page.goto("/overview")
    page.get_by_test_id("nav-orders").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.get_by_test_id("orders-table-row").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("fb57g6")
    assert page.get_by_test_id("orders-table-row").count() == 1
    page.wait_for_url("**/orders?orders-table.filter=fb57g6")
    page.reload()
    page.get_by_test_id("orders-table-row").first.wait_for()
    assert page.get_by_test_id("orders-table-row").count() == 1
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_test_id("chain-event").first.wait_for()
    told = [each.get_attribute("data-type") for each in page.get_by_test_id("chain-event").all()]
    assert told[:2] == ["vault_filled", "order_intended"]
    assert "order_unknown" in told
    page.keyboard.press("Escape")
    page.get_by_test_id("chain").wait_for(state="hidden")
    page.keyboard.press("Shift+K")
    page.get_by_test_id("act-kill").wait_for()
    page.keyboard.press("Escape")
    page.get_by_test_id("act-kill").wait_for(state="hidden")
    page.keyboard.press("Control+k")
    page.get_by_test_id("palette-input").fill("health")
    page.keyboard.press("Enter")
    page.get_by_test_id("parts").wait_for()


def focus_of(page: Any) -> str:
    """Returns the name of what has the focus."""
    return str(page.evaluate("document.activeElement.dataset.testid"))


def test_a_row_is_acted_on_by_keys_alone_and_has_the_focus_again_afterwards(page: Any) -> None:
    page.goto("/overview")
    page.get_by_test_id("net-actions-COIN").wait_for()
    page.keyboard.press("j")
    assert focus_of(page) == "nets-table-row"
    page.keyboard.press(".")
    page.wait_for_function("document.activeElement.closest('[role=menu]') !== null")
    page.keyboard.press("End")
    page.wait_for_function("document.activeElement.dataset.testid === 'net-trade'")
    page.keyboard.press("Enter")
    page.get_by_test_id("trade-limit").focus()
    page.keyboard.type("272.10")
    page.keyboard.press("Enter")
    page.get_by_test_id("act-preview").get_by_text("buy 0.969 at 272.10 or better").wait_for()
    page.keyboard.press("Escape")
    page.get_by_test_id("act-trade").wait_for(state="detached")
    page.wait_for_function("document.activeElement.dataset.testid === 'net-actions-COIN'")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.row") == "maker BTC"


def test_a_layer_that_is_closed_gives_the_focus_back(page: Any) -> None:
    page.goto("/orders?owner=desk")
    page.get_by_test_id("orders-table-row").first.wait_for()
    page.keyboard.press("j")
    for key, layer in (("Enter", "chain"), ("Shift+K", "act-kill"), ("?", "keys"), ("Control+k", "palette")):
        page.keyboard.press(key)
        page.get_by_test_id(layer).wait_for()
        page.keyboard.press("Escape")
        page.get_by_test_id(layer).wait_for(state="detached")
        page.wait_for_function("document.activeElement !== document.body")
        assert focus_of(page) == "orders-table-row"


def test_the_desk_stands_as_it_stood_at_any_moment(page: Any, desk: Desk) -> None:
    page.goto("/events?at=20")
    page.get_by_test_id("then-flat").wait_for()
    then = desk.told("status", "--at", "20")
    shown = page.get_by_test_id("then-open-usd").get_attribute("data-value")
    assert shown == then["open_usd"]
    assert page.get_by_test_id("events-table-row").first.locator("[data-col=seq]").inner_text() == "20"
    page.get_by_test_id("moment-now").click()
    page.get_by_test_id("then").wait_for(state="hidden")


def test_a_desk_is_looked_at_from_its_console_and_evidence_is_taken_away(page: Any, desk: Desk, tmp_path: Path) -> None:
    page.goto("/health")
    page.evaluate(AXE.read_text("utf-8"))
    page.get_by_test_id("doctor-look").click()
    page.get_by_test_id("doctor-all").click()
    page.get_by_test_id("doctor-table-row").get_by_text("journal end").wait_for()
    assert page.get_by_test_id("processes-table-row").count() == 2
    assert violations_in_both(page) == {}, "health"

    page.get_by_test_id("nav-events").click()
    page.get_by_test_id("journal-look").click()
    page.get_by_test_id("whole-head").wait_for()
    assert text_of(page, "whole-is").strip() == "whole"
    page.get_by_test_id("bundle-open").click()
    page.get_by_test_id("bundle-save").wait_for()
    page.evaluate(SETTLED)
    assert violations_in_both(page) == {}, "bundle"
    with page.expect_download() as taken:
        page.get_by_test_id("bundle-save").click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    with file.open("rb") as bundle:
        made = check_bundle(bundle)
    assert (made.start.rows, file.name) == (0, f"flatbook-events-1-{made.last}.zip")
    page.keyboard.press("Escape")


def test_the_log_of_the_engine_follows_it_and_is_narrowed_to_what_names_an_id(page: Any, desk: Desk) -> None:
    page.goto("/events?view=log")
    page.get_by_test_id("log-table-row").first.wait_for()
    page.evaluate(AXE.read_text("utf-8"))
    assert violations_in_both(page) == {}, "log"
    halt = desk.told("halt", "--scope", "instrument", "--target", "COIN/USD@paper", "--reason", "drill of the log")
    page.get_by_test_id("log-level-warning").click()
    page.get_by_test_id("log-table-row").get_by_text("trading halted").first.wait_for()
    desk.told("lift", halt["halt_id"], "--reason", "the drill is over")
    page.get_by_test_id("log-level-info").click()
    page.get_by_test_id("log-about").first.click()
    page.get_by_test_id("about-chosen").wait_for()
    order = text_of(page, "about-chosen").strip()
    page.get_by_test_id("events-view-events").click()
    page.get_by_test_id("events-table-row").get_by_text("order intended").wait_for()
    assert {text.strip() for text in page.get_by_test_id("event-about").all_inner_texts()} == {f"order:{order}"}


def test_streams_of_an_account_are_opened_anew_from_the_page_that_shows_how_it_is(page: Any, desk: Desk) -> None:
    page.goto("/health")
    page.get_by_label("Reconnect exchange").click()
    page.get_by_test_id("act-preview").get_by_text("BTC/USDT@exchange: unfit until whole again").wait_for()
    agree(page, "drill of the streams")
    page.get_by_test_id("act-done").wait_for()
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("parts-table-row").get_by_text("disconnected").wait_for(state="hidden")
    book = page.get_by_test_id("parts-table-row").filter(has_text="BTC/USDT@exchange")
    book.get_by_text("good").wait_for()
    event = desk.told("events", "tail", "--type", "command_accepted", "-n", "1")["events"][0]
    assert (event["verb"], event["reason"], event["actor"][:8]) == ("reconnect", "drill of the streams", "console:")


PRINTED = """() => { window.print = () => { window.onPaper = {
    theme: document.documentElement.dataset.theme,
    scrolls: [...document.querySelectorAll("main [role=region]")].filter((each) => each.style.height !== "").length,
}; }; }"""


def test_a_report_is_printed_in_light_without_the_frame_and_looks_as_before_afterwards(page: Any, desk: Desk) -> None:
    page.goto("/reports")
    page.get_by_test_id("pnl-lines-table-row").first.wait_for()
    page.evaluate(PRINTED)
    page.get_by_test_id("print").click()
    page.wait_for_function("window.onPaper !== undefined")
    assert page.evaluate("window.onPaper") == {"theme": "light", "scrolls": 0}
    page.emulate_media(media="print")
    assert not page.get_by_test_id("sidebar").is_visible()
    assert not page.get_by_test_id("backtests").is_visible()
    assert str(desk.home) in text_of(page, "masthead")
    assert page.evaluate("document.documentElement.scrollHeight > window.innerHeight")
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
    assert page.get_by_test_id("sidebar").is_visible()
    assert not page.get_by_test_id("masthead").is_visible()


def test_a_problem_is_reported_in_a_text_that_is_read_first(page: Any, desk: Desk) -> None:
    page.goto("/overview")
    page.get_by_test_id("report-open").click()
    page.get_by_test_id("report-text").get_by_text("# versions").wait_for()
    page.evaluate(AXE.read_text("utf-8"))
    page.evaluate(SETTLED)
    assert violations_in_both(page) == {}, "report"
    text = text_of(page, "report-text")
    assert "engine: flatbook 0.1.0, commit " in text
    assert str(desk.home) not in text
    assert "net desk COIN" not in text
    page.get_by_test_id("report-amounts").click()
    page.get_by_test_id("report-text").get_by_text("net desk COIN").wait_for()


def test_a_page_whose_api_is_gone_says_so_and_comes_back_by_itself(page: Any, desk: Desk) -> None:
    page.goto("/overview")
    page.get_by_test_id("am-i-flat").wait_for()
    desk.stop_api()
    page.get_by_test_id("banner-countdown").wait_for()
    assert page.get_by_test_id("am-i-flat").get_attribute("data-verdict") == "unknown"
    assert page.get_by_test_id("nets").locator("[data-late=true]").count() > 0
    desk.start_api()
    page.get_by_test_id("banner").wait_for(state="hidden")
    page.locator("[data-testid=am-i-flat][data-verdict=flat]").wait_for()


def test_the_kill_switch_ends_with_no_order_open_and_every_tab_sees_it(page: Any, visit: Any, desk: Desk) -> None:
    page.goto("/overview")
    page.get_by_test_id("net-actions-COIN").click()
    page.get_by_test_id("net-trade").click()
    page.get_by_test_id("trade-limit").fill("272.10")
    page.get_by_test_id("trade-good").fill("3600")
    page.get_by_test_id("trade-preview").click()
    page.get_by_test_id("act-preview").get_by_text("buy 0.969 at 272.10 or better").wait_for()
    agree(page, "an order to kill")
    page.get_by_test_id("act-done").wait_for()
    page.get_by_test_id("act-close").click()
    page.get_by_test_id("under-way-order").filter(has_text="COIN/USD@paper").wait_for()
    other = visit.new_page()
    other.goto("/execution")
    other.get_by_test_id("working-table-row").filter(has_text="COIN/USD@paper").wait_for()
    assert other.get_by_test_id("working-table-row").filter(has_text="BTC/USDT@exchange").count() > 1, "the grid's"
    page.get_by_test_id("kill").click()
    page.get_by_test_id("act-preview").get_by_text("orders are canceled").wait_for()
    agree(page, "drill of the console")
    page.locator("[data-testid=kill-verdict][data-confirmed=true]").wait_for()
    assert "2 of 2 venues confirm that no order is open" in text_of(page, "kill-verdict")
    assert page.get_by_test_id("kill-open-order").count() == 0
    other.get_by_test_id("working").get_by_text("nothing works, and nothing is unknown").wait_for()
    assert text_of(other, "top-halts").split("\n")[-1] != "0"
    status = desk.told("status")
    assert status["orders"]["open"] == 0
    desk.told("lift", status["halts"][0]["halt_id"], "--reason", "the drill is over")
    other.get_by_test_id("working-table-row").filter(has_text="BTC/USDT@exchange").first.wait_for()
    other.close()
