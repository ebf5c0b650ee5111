"""Canary secrets in the environment, the configuration and every place of secrets: none is ever seen outside."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import os
import shutil
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from flatbook.events.codec import encode_events
from flatbook.ops.config import Loaded, load, places_of
from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.control_client import request
from flatbook.ops.control_socket import ControlServer, Doors
from flatbook.ops.doctor import examine
from flatbook.ops.journal_log import log_commits
from flatbook.ops.metrics import Metrics
from flatbook.ops.secret_value import Secret, SecretRefused
from flatbook.ops.secrets import check_secret, list_secrets, resolve, set_secret
from flatbook.ops.telemetry import LogCounts, open_log, take_library_logs
from flatbook.sim.tapes.script import ScriptedBlocks
from tests.desk import Setting, at, desk_of, fill, journalled
from tests.lives import Life
from tests.unit.ops.scene import changed

CANARIES = {
    name: f"canary{name}5e1f09"
    for name in ("env", "unused", "file", "age", "exec", "wrong", "line", "stderr", "flag", "ring")
}
PREFIX = 8

SECRETS = f"""[secrets]
"desk/env" = "env:DESK_KEY"
"desk/file" = "file:keys/desk"
"desk/age" = "age:secrets.age#desk"
"desk/exec" = "exec:{sys.executable} -c 'print(\\"{CANARIES["exec"]}\\")'"
"desk/fails" = "exec:{sys.executable} -c 'import sys; sys.exit(\\"{CANARIES["stderr"]}\\")'"
"desk/gone" = "env:DESK_GONE"
"""
SOLD = (ScriptedBlocks(at=at(1), events=(fill(1, "sell", "3", at=at(1)),)),)


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fb-"))
    yield folder
    shutil.rmtree(folder)


def environment() -> dict[str, str]:
    return {**os.environ, "DESK_KEY": CANARIES["env"], "EXCHANGE_API_SECRET": CANARIES["unused"]}


def written(home: Path) -> Loaded:
    """Writes a configuration with canaries behind each of its secrets, and returns it loaded."""
    (home / "flatbook.toml").write_text(changed(("[secrets]\n", SECRETS)))
    loaded = load(home, environment=environment())
    places = places_of(loaded, environment())
    set_secret(places, "desk/file", Secret(CANARIES["file"]))
    set_secret(places, "desk/age", Secret(CANARIES["age"]))
    return loaded


def session_of_secrets(home: Path, said: io.StringIO) -> None:
    """Uses every secret, rightly and wrongly, and keeps all that is said about it."""
    loaded = written(home)
    places = places_of(loaded, environment())
    held = [resolve(places, f"secret:desk/{name}") for name in ("env", "file", "age", "exec")]
    assert [secret.reveal() for secret in held] == [CANARIES[name] for name in ("env", "file", "age", "exec")]
    print(held, places, list_secrets(places), loaded.digest, file=said)
    print([check_secret(places, name) for name in places.references], file=said)
    print([each for each in loaded.effective if not each.key.startswith("secrets.")], file=said)
    print(examine(home, environment=environment()), file=said)
    (home / "keys" / "desk").chmod(0o644)
    for name in ("file", "fails", "gone", CANARIES["flag"]):
        with pytest.raises(SecretRefused) as refused:
            resolve(places, f"secret:desk/{name}")
        if name != CANARIES["flag"]:
            print(*traceback.format_exception(refused.value), file=said)


def session_of_mistakes(home: Path, said: io.StringIO) -> None:
    """Writes secrets where their places are due, and keeps what is said about it."""
    for mistake in (f'"{CANARIES["wrong"]}"', f'"vault:{CANARIES["wrong"]}"', f'["{CANARIES["wrong"]}"]'):
        (home / "flatbook.toml").write_text(changed(("[secrets]\n", f"[secrets]\nkey = {mistake}\n")))
        with pytest.raises(ConfigRefused) as refused:
            load(home, environment={**environment(), "FLATBOOK__SECRETS__OTHER": CANARIES["ring"]})
        print(*traceback.format_exception(refused.value), file=said)
    (home / "flatbook.toml").write_text(EXAMPLE)
    with pytest.raises(ConfigRefused) as unknown:
        load(home, environment={"FLATBOOK__API_SECRET": CANARIES["line"]})
    print(*traceback.format_exception(unknown.value), file=said)


def session_of_an_engine(home: Path, said: io.StringIO) -> None:
    """Runs a scripted desk with its log, metrics and control socket, and lets things fail with canaries in them."""
    desk = desk_of(Setting(), SOLD)
    life, counts, metrics = Life(desk), LogCounts(), Metrics("0.1.0")
    log = open_log(said, now=desk.clock.now, counts=counts)
    taker = take_library_logs(log)
    life.engine.listeners += [metrics.on_commit, log_commits(log)]
    metrics.watch(life.engine, counts)
    try:
        asyncio.run(life.run(at(8)))
        log.info("desk_opened", api_key=CANARIES["env"], headers={"authorization": CANARIES["env"]})
        url = f"https://u:{CANARIES['env']}@venue.example/v1?key={CANARIES['env']}"
        log.info("key is %s", CANARIES["env"], source=url, reason=f"cannot reach {url}")
        try:
            raise RuntimeError(CANARIES["env"])
        except RuntimeError:
            log.exception("request_failed", account=Secret(CANARIES["env"]))
    finally:
        logging.getLogger().removeHandler(taker)
    print(metrics.text(), encode_events(journalled(desk)), file=said)
    asyncio.run(session_of_a_socket(home, life, metrics, said))


async def session_of_a_socket(home: Path, life: Life, metrics: Metrics, said: io.StringIO) -> None:
    path = home / "run" / "engine.sock"
    status = {"seq": life.engine.state.seq, "mode": life.engine.parts.mode.value}
    server = ControlServer(path, Doors(on_command=life.engine.command, status=lambda: status, metrics=metrics.text))
    await server.start()
    for kind in ("status", "metrics", "ping"):
        print(await asyncio.to_thread(request, path, {"kind": kind}, 5), file=said)
    await server.close()


def test_no_canary_is_seen_in_any_output(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = io.StringIO()
    with warnings.catch_warnings(record=True) as warned, contextlib.redirect_stdout(said):
        session_of_secrets(home, said)
        session_of_mistakes(home, said)
        session_of_an_engine(home, said)
    captured = capfd.readouterr()
    everything = "\n".join((said.getvalue(), captured.out, captured.err, str(warned)))
    assert len(everything) > 10_000
    for canary in CANARIES.values():
        assert [line for line in everything.splitlines() if canary[:PREFIX] in line] == []
