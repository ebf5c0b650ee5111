"""What errors of the packages below mean on the command line."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.scene import call


def test_a_tape_that_is_not_there_is_named_and_may_be_misspelt(tmp_path: Path) -> None:
    tape = tmp_path / "no.gz"
    told = call("data", "convert", str(tape), "--home", str(tmp_path))
    assert (told.code, f"{tape}: No such file or directory; look at its name" in told.err) == (1, True)
