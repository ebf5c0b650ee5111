from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flatbook.engine.run import CommandAnswer
from flatbook.events.control import EngineStopped
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.ops import doctor
from flatbook.ops.config_example import EXAMPLE
from flatbook.ops.control_socket import ControlServer, Doors
from flatbook.ops.doctor import Finding, Instants, Verdict, examine, lock_holder
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from tests.unit.ops.scene import changed

CANARY = "canary-7f3a91"
NOW = instant_of_text("2026-01-05T15:00:00Z")


@pytest.fixture
def home() -> Iterator[Path]:
    """Gives a home with a configuration and its recordings; its path is short, for the socket in it."""
    folder = Path(tempfile.mkdtemp(prefix="fb-"))
    (folder / "flatbook.toml").write_text(EXAMPLE)
    (folder / "recordings").mkdir()
    (folder / "recordings" / "base.jsonl.gz").touch()
    (folder / "recordings" / "coin-bars.csv.gz").touch()
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)


def clocks(*instants: tuple[Instant, int]):
    readings = iter(instants)
    return lambda: Instants(wall=(reading := next(readings))[0], monotonic=reading[1])


def examined(home: Path, now: Instant = NOW, **environment: str) -> list[Finding]:
    return list(examine(home, environment=environment, clocks=clocks((now, 0), (now, 0))))


def found(findings: list[Finding], check: str) -> list[tuple[Verdict, str]]:
    return [(finding.verdict, finding.found) for finding in findings if finding.check == check]


def bad(findings: list[Finding]) -> list[str]:
    return [finding.check for finding in findings if finding.verdict is not Verdict.OK]


def journalled(home: Path, at: Instant) -> Path:
    """Returns the journal of a home, with one event committed at an instant."""
    path = home / "journal.sqlite"
    create_journal(path)
    journal = open_journal(path)
    epoch = journal.take_lease(at)
    journal.append((EngineStopped(reason="test", stopped_at=at),), after=journal.last, epoch=epoch, cursors={}, at=at)
    journal.close()
    return path


def test_a_desk_in_order_has_nothing_to_mend(home: Path) -> None:
    journalled(home, NOW)
    findings = examined(home)
    assert bad(findings) == []
    assert [finding.check for finding in findings] == [
        "python",
        "assertions",
        "home",
        "file system",
        "disk",
        "config",
        "journal size",
        "journal end",
        "engine",
        "calendar",
        "clock",
    ]
    assert all(finding.found and not finding.remedy for finding in findings)


def test_every_bad_finding_says_what_to_do(home: Path) -> None:
    (home / "flatbook.toml").write_text(changed(("resends_max = 2\n", "")))
    home.chmod(0o755)
    findings = examined(home, instant_of_text("2039-01-01T00:00:00Z"))
    assert len(bad(findings)) == 3
    assert [finding.check for finding in findings if finding.verdict is not Verdict.OK and not finding.remedy] == []


def test_a_missing_home_and_an_open_one(home: Path) -> None:
    missing = home / "none"
    assert found(examined(missing), "home") == [(Verdict.FAIL, f"{missing} is not there")]
    assert "there is no such file" in found(examined(missing), "config")[0][1]
    home.chmod(0o750)
    assert found(examined(home), "home") == [(Verdict.WARN, f"{home} is open to others")]


def test_a_wrong_configuration_is_told_problem_by_problem(home: Path) -> None:
    (home / "flatbook.toml").write_text(changed(("resends_max = 2\n", ""), ("collar_bps = 50", "collar_bps = 0.5")))
    told = found(examined(home), "config")
    assert [verdict for verdict, _ in told] == [Verdict.FAIL, Verdict.FAIL]
    assert any("risk.resends_max: is missing" in text for _, text in told)


def test_missing_recordings_are_told(home: Path) -> None:
    (home / "recordings" / "base.jsonl.gz").unlink()
    assert found(examined(home), "recordings") == [
        (Verdict.FAIL, f"flatbook.toml:14: chains.base.path: there is no {home}/recordings/base.jsonl.gz")
    ]


def test_secrets_are_tried_and_never_shown(home: Path) -> None:
    secrets = '[secrets]\ngood = "env:GOOD"\nbad = "env:BAD"\n'
    (home / "flatbook.toml").write_text(changed(("[secrets]\n", secrets)))
    findings = examined(home, GOOD=CANARY)
    assert found(findings, "secret") == [
        (Verdict.OK, "good resolves (env:GOOD)"),
        (Verdict.FAIL, "bad: the environment has no BAD"),
    ]
    assert CANARY not in str(findings)


def test_a_journal_that_was_changed_is_told(home: Path) -> None:
    path = journalled(home, NOW)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x00" * 64 + content[4160:])
    ((verdict, text),) = found(examined(home), "journal")
    assert verdict is Verdict.FAIL
    assert "journal.sqlite" in text


def test_a_clock_behind_the_journal_is_told(home: Path) -> None:
    journalled(home, Instant(NOW + 10 * NS_PER_S))
    assert (Verdict.FAIL, "the clock is 10 s behind the journal's last row") in found(examined(home), "clock")


def test_a_wall_clock_that_stepped_is_told(home: Path) -> None:
    stepped = clocks((NOW, 0), (Instant(NOW + 3 * NS_PER_S), NS_PER_S))
    findings = list(examine(home, environment={}, clocks=stepped))
    assert found(findings, "clock") == [(Verdict.WARN, "the wall clock stepped by 2000 ms while this ran")]


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        ("2026-01-05T15:00:00Z", Verdict.OK),
        ("2039-01-01T00:00:00Z", Verdict.FAIL),
    ],
)
def test_a_calendar_that_ends_is_told(home: Path, now: str, verdict: Verdict) -> None:
    assert [each for each, _ in found(examined(home, instant_of_text(now)), "calendar")] == [verdict]


def test_a_calendar_that_ends_soon_is_told_in_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CALENDAR_WARN_DAYS", 100_000)
    ((verdict, text),) = found(examined(home), "calendar")
    assert verdict is Verdict.WARN
    assert text.startswith("the table of trading days ends in ")


@pytest.mark.parametrize(("bound", "verdict"), [("DISK_FAIL_BYTES", Verdict.FAIL), ("DISK_WARN_BYTES", Verdict.WARN)])
def test_a_full_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch, bound: str, verdict: Verdict) -> None:
    monkeypatch.setattr(doctor, bound, 1 << 60)
    assert [each for each, _ in found(examined(home), "disk")] == [verdict]


def test_a_journal_that_grows_too_fast_for_its_disk_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journalled(home, NOW)
    monkeypatch.setattr(doctor, "GROWTH_WARN_DAYS", 1 << 60)
    assert [each for each, _ in found(examined(home), "journal size")] == [Verdict.WARN]
    monkeypatch.setattr(doctor, "GROWTH_WARN_DAYS", 0)
    monkeypatch.setattr(doctor, "JOURNAL_WARN_BYTES", 1)
    assert [each for each, _ in found(examined(home), "journal size")] == [Verdict.WARN]


def test_a_journal_that_keeps_the_time_of_a_tape_has_its_last_day_there(home: Path) -> None:
    journalled(home, instant_of_text("2025-12-02T20:45:00Z"))
    clock = '\n[clock]\nkind = "tape"\nstart = 2025-12-01T00:00:00Z\nend = 2025-12-04T00:00:00Z\n'
    (home / "flatbook.toml").write_text(EXAMPLE + clock)
    ((verdict, text),) = found(examined(home), "journal size")
    assert verdict is Verdict.OK
    assert text.startswith("1 events in ")
    assert text.endswith(", 1 of them in the last day of its tape")


def test_a_network_file_system_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journalled(home, NOW)
    monkeypatch.setattr(doctor, "file_system_of", lambda _path: "nfs4")
    findings = examined(home)
    assert found(findings, "file system") == [(Verdict.FAIL, f"{home} is on nfs4")]
    assert found(findings, "journal") == [(Verdict.FAIL, f"{home}/journal.sqlite is on a nfs4 file system")]


def test_a_socket_that_was_left_is_told(home: Path) -> None:
    (home / "run").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(home / "run" / "engine.sock"))
    assert found(examined(home), "engine") == [
        (Verdict.WARN, f"{home}/run/engine.sock was left by an engine that ended")
    ]


def test_a_running_engine_is_seen_by_its_socket_and_its_lock(home: Path) -> None:
    path = journalled(home, NOW)
    assert lock_holder(path) is None
    journal = open_journal(path)

    async def refuse(_command: object) -> CommandAnswer:
        return CommandAnswer(seq=None, accepted=False, repeated=False, why="none")

    async def listening() -> list[Finding]:
        server = ControlServer(home / "run" / "engine.sock", Doors(on_command=refuse, status=dict, metrics=lambda: ""))
        await server.start()
        try:
            return examined(home)
        finally:
            await server.close()

    findings = asyncio.run(listening())
    assert found(findings, "engine") == [(Verdict.OK, f"listens on {home}/run/engine.sock")]
    assert found(findings, "journal lock") == [(Verdict.OK, f"held by process {os.getpid()}")]
    assert found(examined(home), "journal lock") == [
        (Verdict.WARN, f"process {os.getpid()} holds the journal and does not listen")
    ]
    journal.close()
    assert found(examined(home), "journal lock") == []


def contents(home: Path) -> dict[str, bytes]:
    """Returns all files but those that SQLite keeps for its readers."""
    files = (path for path in home.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
    return {str(path): path.read_bytes() for path in files}


def test_looking_changes_nothing(home: Path) -> None:
    journalled(home, NOW)
    before = contents(home)
    examined(home)
    assert contents(home) == before


@pytest.mark.real
def test_python_without_assertions_is_refused(home: Path) -> None:
    code = (
        "from pathlib import Path; from flatbook.ops.doctor import examine; "
        "print([(f.check, f.verdict.value) for f in examine(Path('none'), environment={}) if f.check == 'assertions'])"
    )
    told = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "[('assertions', 'fail')]\n"
