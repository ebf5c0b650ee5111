"""A whole market on this machine: a chain with our contracts, two ways to it, a broker and a desk, each a process.

with open_market(tmp_path, "alpaca") as market:
    market.start()
    market.scene.take(market.ask, most="2")
    market.kill()
    market.start()
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode

from flatbook.sim.network.served_books import Line, read_books
from flatbook.values.instants import NS_PER_S, instant_of_text
from tests.e2e.home import ORDER_SHARES_MAX, SECRETS, THRESHOLD, Asked, Served, write_home
from tests.e2e.node_proxy import NodeProxy, running_proxy
from tests.e2e.relay import Relay, running_relay
from tests.real.anvil import Terms, running_anvil
from tests.real.books import Generation, Order
from tests.real.scene import Scene, deployed

OPENS = instant_of_text("2026-11-24T15:00:00Z") // NS_PER_S  # half an hour into a regular session
STARTS_S_MAX = 30.0
STEP_S = 0.2
VAULT_SHARES = Decimal(40)
ASK, BID = Decimal(256), Decimal(250)
HELD = Decimal(1000)
LOGINS_MAX = 40
LOGIN_REST_S = 2
CALLBACK = "https://127.0.0.1:8182"


class Opening(NamedTuple):
    """What stood at the beginning: the vault's tokens and dollars."""

    tokens: Decimal
    dollars: Decimal


class Exposed(NamedTuple):
    """The true net over time: how many moments were looked at, the largest net, and its bound. Units: shares."""

    moments: int
    largest: Decimal
    bound: Decimal


class Outside(NamedTuple):
    """How a desk reaches the chain: two ways to ask it, and one on which it tells of new blocks."""

    ways: tuple[NodeProxy, NodeProxy]
    heads: Relay


class Market:
    """The parts of a market, and the desk that trades in it."""

    def __init__(self, home: Path, scene: Scene, outside: Outside, books: Path, shift_s: int) -> None:
        self.home, self.scene, self.books, self.shift_s = home, scene, books, shift_s
        self.ways, self.heads = outside
        self.ask: Order = scene.ask("COIN", price=ASK, shares=VAULT_SHARES)
        self.bid: Order = scene.bid("COIN", price=BID, shares=VAULT_SHARES)
        self.first_block = scene.chain.height
        self.opening = self.vault()
        self._seen: list[tuple[int, Decimal]] = []
        self.server: subprocess.Popen[bytes] | None = None
        self.engine: subprocess.Popen[bytes] | None = None
        self.lives = 0
        self._errors: IO[bytes] | None = None

    # The chain.

    def vault(self, at: int | str = "latest") -> Opening:
        """Returns what our vaults hold at a block."""
        scene = self.scene
        wrapper = scene.shares["COIN"].wrapper
        return Opening(scene.vault(scene.owner, wrapper, at=at), scene.vault(scene.owner, scene.usdc, at=at))

    def tick(self) -> None:
        """Lets the next block be made at the time of the desk, if the chain is not ahead of it."""
        now = int(time.time()) + self.shift_s
        if now > int(self.scene.chain.do("eth_getBlockByNumber", "latest", False)["timestamp"], 16):
            self.scene.chain.set_time(now)

    def idle(self) -> None:
        """Adds an empty block now."""
        self.tick()
        self.scene.chain.mine()

    def note(self) -> None:
        """Notes what our vault holds now: after a reorganisation the chain itself does not tell any more."""
        self._seen.append((time.time_ns() + self.shift_s * NS_PER_S, self.vault().tokens - self.opening.tokens))

    def exposure(self) -> Exposed:
        """Walks through all that was noted of the chain and all that the broker executed, in the order of time.

        The bound is C.7 of the design: the threshold, what takers can take of what we offer, and one order.
        """
        moves: list[tuple[int, Decimal]] = []
        before = Decimal(0)
        for at, tokens in self._seen:
            moves.append((at, tokens - before))
            before = tokens
        moves += [(line.at, line.qty or Decimal(0)) for line in self.truth() if line.what == "executed"]
        net, largest = Decimal(0), Decimal(0)
        for _, moved in sorted(moves, key=lambda move: move[0]):
            net += moved
            largest = max(largest, abs(net))
        bound = Decimal(THRESHOLD) + VAULT_SHARES + Decimal(ORDER_SHARES_MAX)
        return Exposed(len(moves), largest, bound)

    # The desk.

    def start(self, *words: str) -> None:
        """Starts the desk over its home."""
        assert self.engine is None
        self.lives += 1
        self._errors = (self.home / f"errors-{self.lives}.txt").open("wb")
        self.engine = subprocess.Popen(
            [sys.executable, "-m", "flatbook", "run", *words, "--home", str(self.home)],
            stdout=self._errors,
            stderr=self._errors,
            env={**os.environ, **SECRETS},
        )

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Ends the desk, as a lost machine does unless told otherwise."""
        assert self.engine is not None
        self.engine.send_signal(how)
        code = self.engine.wait()
        self.engine = None
        if self._errors is not None:
            self._errors.close()
        return code

    def errors(self) -> str:
        """Returns what the desk has written in its last life."""
        return (self.home / f"errors-{self.lives}.txt").read_text()

    def calm(self) -> None:
        """Ends all faults of the broker."""
        assert self.server is not None
        self.server.send_signal(signal.SIGUSR1)

    def truth(self) -> tuple[Line, ...]:
        """Returns what happened at the broker."""
        return read_books(self.books)


def until(holds: Callable[[], bool], seconds: float, what: Callable[[], str]) -> None:
    """Waits until something holds."""
    ends_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends_at:
            raise AssertionError(what())
        time.sleep(STEP_S)


def deposit(scene: Scene) -> None:
    """Fills our vaults, and those of the other maker."""
    wrapper = scene.shares["COIN"].wrapper
    with scene.one_block():
        for maker in (scene.owner, scene.stranger):
            scene.deposit(maker, wrapper, VAULT_SHARES)
            scene.deposit(maker, scene.usdc, VAULT_SHARES * BID)


@contextmanager
def broker_process(
    home: Path, broker: str, *, shift_s: int, seed: str, faults: dict[str, int]
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Runs a simulated broker; gives its process and what it said when it was ready."""
    words = ["sim", "serve", broker, "--home", str(home), "--json", "--seed", seed, "--shift", str(shift_s)]
    words += ["--price", "COIN=253", "--hold", f"COIN={HELD}"]
    words += [word for name, bps in faults.items() for word in ("--fault", f"{name}={bps}")]
    home.mkdir(parents=True, exist_ok=True)
    with (home / "errors.txt").open("wb") as errors:
        process = subprocess.Popen([sys.executable, "-m", "flatbook", *words], stdout=subprocess.PIPE, stderr=errors)
        try:
            yield process, _told(process)
        finally:
            process.terminate()
            process.communicate()


def _told(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline().decode()
        assert line, f"the broker ended: {text}"
        text += line
    told: dict[str, Any] = json.loads(text)
    return told


def log_in(market: Market, url: str) -> None:
    """Logs in at Schwab as a person does, once more where an answer was spoilt."""
    told = ""
    for _ in range(LOGINS_MAX):
        done = _logged_in(market, url)
        if done.returncode == 0:
            return
        told = done.stderr
        time.sleep(LOGIN_REST_S)
    raise AssertionError(told)


def _logged_in(market: Market, url: str) -> subprocess.CompletedProcess[str]:
    """The browser is sent back to an address, which is pasted."""
    host, _, port = url.removeprefix("http://").partition(":")
    browser = http.client.HTTPConnection(host, int(port))
    asked = urlencode({"client_id": SECRETS["BROKER_KEY"], "redirect_uri": CALLBACK})
    browser.request("GET", f"/v1/oauth/authorize?{asked}")
    location = browser.getresponse().headers.get("Location", "")
    browser.close()
    words = ["auth", "schwab", "--home", str(market.home), "--url", url]
    words += ["--key", "broker_key", "--secret", "broker_word", "--tokens", "broker_tokens"]
    return flatbook(*words, stdin=f"{location}\n")


def flatbook(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Calls the program as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flatbook", *words],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **SECRETS},
        check=False,
    )


@contextmanager
def open_market(
    root: Path, broker: str, *, seed: str = "1", faults: dict[str, int] | None = None, chain_poll_s: int = 1
) -> Iterator[Market]:
    """Opens a market whose desk is not running yet."""
    with ExitStack() as stack:
        shift_s = OPENS - int(time.time())
        chain = stack.enter_context(running_anvil(Terms(genesis_s=OPENS - 600, slots_in_an_epoch=8)))
        chain.do("anvil_setBlockTimestampInterval", 1)
        scene = deployed(chain, Generation.V6, funded=False)
        deposit(scene)
        ways = (stack.enter_context(running_proxy(chain)), stack.enter_context(running_proxy(chain)))
        heads = stack.enter_context(running_relay(int(chain.ws_url.rpartition(":")[2])))
        serving = broker_process(root / "broker", broker, shift_s=shift_s, seed=seed, faults=faults or {})
        server, told = stack.enter_context(serving)
        market = Market(root / "desk", scene, Outside(ways, heads), Path(told["books"]), shift_s)
        market.server = server
        write_home(
            market.home,
            scene,
            Asked([way.url for way in ways], f"ws://127.0.0.1:{heads.port}", chain_poll_s),
            Served(broker, told["url"], told["account"]),
            first_block=market.first_block,
            shift_s=shift_s,
        )
        if broker == "schwab":
            log_in(market, told["url"])
        try:
            yield market
        finally:
            if market.engine is not None:
                market.kill()
