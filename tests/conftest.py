"""What holds for every test: no network, no home of the user, and no quiet skip."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.depth import THOROUGH, examples
from tests.time_limit import limited

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
TESTS = Path(__file__).parent
LONG = ("docs", "release", "infra", "console", "e2e", "sim", "property")
YOUNG_OBJECTS_MAX = 20_000
SHARED_ABSENT = "no FLATBOOK_SHARED"

settings.register_profile("flatbook", deadline=None, print_blob=True, max_examples=examples(100))
settings.register_profile("ci", settings.get_profile("flatbook"), derandomize=not THOROUGH)
settings.load_profile("ci" if os.environ.get("CI") else "flatbook")


def refuse_the_network(event: str, arguments: tuple[object, ...]) -> None:
    """Raises where a test, or the code under it, reaches beyond this machine."""
    if event != "socket.connect" or not isinstance(address := arguments[1], tuple):
        return
    if not str(address[0]).startswith(LOOPBACK):
        raise AssertionError(f"a test reached for the network: {address}")


sys.addaudithook(refuse_the_network)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with the folders whose tests take long, so that no process is left alone with one of them at the end."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.relative_to(TESTS).parts[0], len(places)))


def pytest_collection_finish() -> None:
    """Takes what all tests share out of the sight of the collector of garbage, and lets it look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX)


@pytest.fixture(autouse=True)
def home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives each test an empty FLATBOOK_HOME, and none of the settings of the shell that started it."""
    for name in [name for name in os.environ if name.startswith("FLATBOOK__")]:
        monkeypatch.delenv(name)
    home = tmp_path / "flatbook-home"
    monkeypatch.setenv("FLATBOOK_HOME", str(home))
    return home


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with limited(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with limited(item):
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    with limited(item):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turns a skip into a failure under REQUIRE_REAL=1, where it is not for want of the shared data."""
    report = yield
    if os.environ.get("REQUIRE_REAL") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if SHARED_ABSENT not in reason:
            report.outcome = "failed"
            report.longrepr = f"REQUIRE_REAL=1, and yet: {reason}"
    return report
