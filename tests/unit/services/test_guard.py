"""A guard cancels where a venue has no switch, once for each silence of its desk, and nothing else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any

from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load_text
from flatbook.ops.config_shape import LogSection
from flatbook.ops.home import SOCKET_FILE
from flatbook.ops.telemetry import open_log
from flatbook.services.guard import Guard, answers, guarded_accounts
from flatbook.sim.world.process import LoopClock
from flatbook.values.instruments import Side
from tests.conformance.stage import Stage
from tests.conformance.test_binance import BENCHES
from tests.exchange import SPOT, Scene
from tests.unit.services.test_paper_exchanges import CONFIG

Talk = Callable[[Scene, Stage, Guard], Awaitable[Any]]
FAR = "45000"


def guarded(talk: Talk) -> tuple[Any, str]:
    """Returns what a talk with a guard of a spot account came to, and what was logged."""
    stream, bench = StringIO(), BENCHES["spot"]

    async def served(scene: Scene) -> Any:
        stage, clock = Stage(bench, scene), LoopClock(scene.loop)
        await stage.open()
        await stage.place(Side.BUY, "0.01", FAR)
        log = open_log(stream, now=clock.now, stated=LogSection())
        return await talk(scene, stage, Guard({"spot": stage.venue}, clock, log, silent_s=60))  # type: ignore[dict-item]

    return bench.run(served), stream.getvalue()


def standing(scene: Scene) -> int:
    return len(scene.exchange.open_orders("main", SPOT))


def test_what_is_open_is_canceled_after_a_silence_and_not_before() -> None:
    async def talk(scene: Scene, stage: Stage, guard: Guard) -> list[int]:
        await guard.look(is_alive=False)
        await scene.pass_ms(59_000)
        await guard.look(is_alive=False)
        before = standing(scene)
        await scene.pass_ms(2_000)
        await guard.look(is_alive=False)
        return [before, standing(scene)]

    found, logged = guarded(talk)
    assert found == [1, 0]
    assert "guard_canceled" in logged


def test_a_desk_that_answers_is_left_alone_and_after_a_silence_it_is_canceled_once() -> None:
    async def talk(scene: Scene, stage: Stage, guard: Guard) -> list[int]:
        counts = []
        for is_alive in (True, True, False, True):
            await scene.pass_ms(50_000)
            await guard.look(is_alive=is_alive)
            counts.append(standing(scene))
        await scene.pass_ms(61_000)
        await guard.look(is_alive=False)
        counts.append(standing(scene))
        await stage.place(Side.BUY, "0.01", FAR)
        await scene.pass_ms(61_000)
        await guard.look(is_alive=False)
        counts.append(standing(scene))
        return counts

    assert guarded(talk)[0] == [1, 1, 1, 1, 0, 1]


def test_a_cancel_that_was_not_taken_is_asked_for_again() -> None:
    async def talk(scene: Scene, stage: Stage, guard: Guard) -> list[int]:
        counts = []
        await scene.pass_ms(61_000)
        scene.faults.say("thinks_ms", 20_000, of="DELETE", times=1)
        for _ in range(2):
            await guard.look(is_alive=False)
            counts.append(len(guard.canceled))
        return [*counts, standing(scene)]

    found, logged = guarded(talk)
    assert found == [0, 1, 0]
    assert logged.index("guard_not_canceled") < logged.index("guard_canceled")


def test_only_accounts_that_the_desk_trades_at_and_that_have_no_switch_are_guarded(tmp_path: Path) -> None:
    spot = """
[accounts.{name}]
kind = "binance"
market = "{market}"
environment = "{environment}"
key = "secret:{name}"
secret = "secret:{name}"
shorting = "never"
"""
    for name in ("spot", "perps", "real"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    places = "\n[secrets]\n" + "".join(f'{name} = "file:{tmp_path / name}"\n' for name in ("spot", "perps", "real"))
    accounts = spot.format(name="spot", market="spot", environment="sandbox")
    accounts += spot.format(name="perps", market="usdm", environment="sandbox")
    accounts += spot.format(name="real", market="spot", environment="live")
    loaded = load_text(CONFIG + accounts + places, tmp_path)
    assert list(guarded_accounts(loaded, SystemClock())[0]) == ["spot"]


def test_a_desk_that_listens_and_does_not_answer_is_silent(tmp_path: Path) -> None:
    asks = answers(load_text(CONFIG, tmp_path))
    assert asks() is False
    path = tmp_path / SOCKET_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen()

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        assert asks() is False
        thread.join()
