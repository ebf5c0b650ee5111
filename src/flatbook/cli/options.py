"""Options that many verbs share. This file is read for every `--help`, so it imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.ops.home import CONFIG_FILE, RESTORED_FILE, SNAPSHOT_FOLDER, SOCKET_FILE, home_of


def says(text: str) -> Parameter:
    """Returns what is said of an option; a flag has no opposite."""
    return Parameter(help=text, negative="")


def not_below_zero(value: int) -> None:
    """Passes when a count is not below zero.

    Errors: ValueError.
    """
    if value < 0:
        raise ValueError("must not be below zero")


def above_zero(value: int) -> None:
    """Passes when a count is above zero.

    Errors: ValueError.
    """
    if value <= 0:
        raise ValueError("must be above zero")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """Which desk is meant, and who reads the answer."""

    home: Annotated[Path | None, says("Folder of the desk; FLATBOOK_HOME or ~/.flatbook when left out.")] = None
    config: Annotated[Path | None, says("Configuration file; flatbook.toml in the home when left out.")] = None
    as_json: Annotated[bool, Parameter(name="--json", help="Answer with one JSON object.", negative="")] = False

    @property
    def folder(self) -> Path:
        """The home of the desk.

        Errors: Failed where it is that of a user whom nobody knows.
        """
        try:
            return self.home.expanduser() if self.home is not None else home_of()
        except RuntimeError as error:
            do = "name a folder by --home, or by FLATBOOK_HOME"
            raise Failed(
                Exit.USAGE, "it begins with a user whom this machine does not know", where="~", do=do
            ) from error

    @property
    def config_path(self) -> Path:
        """The file of the configuration."""
        return self.config if self.config is not None else self.folder / CONFIG_FILE

    @property
    def socket(self) -> Path:
        """The socket on which a running engine listens."""
        return self.folder / SOCKET_FILE

    @property
    def restored(self) -> Path:
        """The marker that a restore leaves, so that the next start is halted."""
        return self.folder / RESTORED_FILE

    @property
    def snapshots(self) -> Path:
        """The folder in which verbs that read keep what they have folded."""
        return self.folder / SNAPSHOT_FOLDER


HERE = Where()

At = Annotated[
    str | None,
    says("Show the past: after an event (its number), or at an instant such as 2025-12-01T14:30:00Z."),
]
OwnerOption = Annotated[str | None, says("Only this owner.")]
SymbolOption = Annotated[str | None, says("Only this underlying.")]
Limit = Annotated[
    int, Parameter(help="At most so many, the latest; 0 shows all.", validator=lambda _, value: not_below_zero(value))
]
Yes = Annotated[bool, Parameter(name=("--yes", "-y"), help="Do not ask; required without a terminal.", negative="")]
Reason = Annotated[str, says("Why, for the journal.")]
Key = Annotated[
    str | None,
    says("Idempotency key: the same key twice is one command. A fresh one is drawn and printed when left out."),
]
