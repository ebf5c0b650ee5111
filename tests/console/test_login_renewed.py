"""A login at Schwab renewed by a person before the console, in a browser, with the engine and the API behind it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Desk
from tests.console.test_browser import AXE, violations_in_both
from tests.unit.api.door_scene import engine_over
from tests.unit.sim.schwab.scene import CALLBACK
from tests.unit.sim.schwab.served import HELD_ELSEWHERE, served_schwab, write_desk

pytestmark = pytest.mark.real
TAKEN_UP_MS = 60_000


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Gives a running desk with an account at Schwab where nobody is logged in, and its API."""
    for name, text in HELD_ELSEWHERE.items():
        monkeypatch.setenv(name, text)
    home = Path(tempfile.mkdtemp(prefix="fb-"))
    running = Desk(home)
    try:
        with served_schwab() as served:
            write_desk(home, served.url)
            with engine_over(home):
                running.start_api()
                yield running
    finally:
        running.close()
        shutil.rmtree(home)


@pytest.fixture
def page(browser: Any, desk: Desk) -> Iterator[Any]:
    """Gives a tab that has come in by the one-time link."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=desk.url)
    page = context.new_page()
    page.goto(desk.link)
    page.get_by_test_id("nav-health").wait_for()
    yield page
    context.close()


def ended_at(page: Any) -> str:
    """Opens the login page by the keyboard, and returns the address that its tab ends at, where nobody listens."""
    page.get_by_test_id("renew-open").focus()
    with (
        page.context.expect_event("requestfailed", lambda request: request.url.startswith(CALLBACK)) as ended,
        page.context.expect_page() as tab,
    ):
        page.keyboard.press("Enter")
    tab.value.close()
    return str(ended.value.url)


def test_a_person_renews_a_login_by_the_keyboard_and_the_desk_takes_it_up(page: Any) -> None:
    page.get_by_test_id("nav-health").click()
    page.get_by_test_id("login-left").get_by_text("nobody is logged in").wait_for()
    assert " auth schwab --account ours" in page.get_by_test_id("login-renew-cli").inner_text()
    page.get_by_test_id("login-renew").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("renew-open").wait_for()
    page.evaluate(AXE.read_text("utf-8"))
    assert violations_in_both(page) == {}
    page.get_by_test_id("renew-pasted").fill(f"{CALLBACK}/?code=C0")
    page.keyboard.press("Enter")
    page.get_by_test_id("failed").get_by_text("Bad authorization code; log in once more").wait_for()
    assert violations_in_both(page) == {}
    page.get_by_test_id("renew-pasted").fill(ended_at(page))
    page.keyboard.press("Enter")
    page.get_by_test_id("renew-done").wait_for()
    assert violations_in_both(page) == {}
    page.get_by_test_id("renew-end").focus()
    page.keyboard.press("Enter")
    page.get_by_test_id("renew").wait_for(state="detached")
    page.get_by_test_id("login-left").get_by_text("6 d 23 h left").wait_for(timeout=TAKEN_UP_MS)
