"""Takes a picture of every page in both themes, for docs/console: `python -m tests.console.pictures`."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flatbook.services.demo_home import add_grid, make_home
from flatbook.sim.tapes.demo_tape import load_demo_tape
from tests.console.conftest import CHROMIUM, FLAGS, ROOT, Desk

FOLDER = ROOT / "docs/console"
SETTLED_MS = 1_500
VIEWS = {
    "overview": "/overview?days=7",
    "execution": "/execution?owner=desk",
    "orders": "/orders",
    "trades": "/orders?view=trades&owner=desk",
    "inventory": "/inventory",
    "market": "/market",
    "grid": "/grid",
    "reports": "/reports",
    "events": "/events?at=70",
    "log": "/events?view=log",
    "health": "/health",
    "risk": "/risk",
    "settings": "/settings",
}


def main() -> int:
    """Runs the demo's whole tape and its grid for a while, opens the console on it, and writes the pictures."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "demo"
        make_home(home, load_demo_tape())
        add_grid(home)
        with closing(Desk(home)) as desk:
            desk.replay()
            desk.start_engine()
            desk.start_api()
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = chromium.new_context(viewport={"width": 1440, "height": 900}, base_url=desk.url).new_page()
            page.goto(desk.link)
            page.get_by_test_id("am-i-flat").wait_for()
            page.goto("/grid")
            page.locator("[data-testid=ladder-table-row] [data-col=profit] .num").first.wait_for()
            for theme in ("dark", "light"):
                page.evaluate("theme => localStorage.setItem('flatbook.settings', JSON.stringify({theme}))", theme)
                for name, path in VIEWS.items():
                    page.goto(path)
                    _take(page, f"{name}-{theme}")
                page.goto("/orders?owner=desk")
                page.get_by_test_id("orders-table-row").first.click()
                page.get_by_test_id("chain-latencies").wait_for()
                _take(page, f"story-{theme}")
                page.goto("/settings")
                page.get_by_test_id("token-add").click()
                page.get_by_test_id("token-name").fill("reporter")
                _take(page, f"token-{theme}")
                page.get_by_test_id("token-new-close").click()
                page.get_by_test_id("report-open").click()
                page.get_by_test_id("report-text").get_by_text("# versions").wait_for()
                _take(page, f"report-{theme}")
                page.goto("/overview")
                page.get_by_test_id("kill").click()
                page.get_by_test_id("act-confirm").wait_for()
                _take(page, f"kill-{theme}")
            chromium.close()
    return 0


def _take(page: Any, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
