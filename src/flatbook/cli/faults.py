"""How a verb fails: one line that says what, where and what to do, and the exit code that programs read."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every verb."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_RUNNING = 3
    CONFIG = 4
    TIMEOUT = 5
    REFUSED = 6
    UNKNOWN = 7


class Failed(Exception):
    """A verb cannot do what was asked. Nothing in it is a bug of ours."""

    def __init__(self, code: Exit, what: str, *, where: str = "", do: str = "") -> None:
        self.code = code
        self.what = what
        self.where = where
        self.do = do
        super().__init__(what)

    def line(self) -> str:
        """Returns the failure as one line."""
        places = (self.where,) if f"{self.where} ".startswith("flatbook ") else ("flatbook", self.where)
        told = ": ".join(part for part in (*places, self.what) if part)
        return " ".join(f"{told}; {self.do}".split()) if self.do else " ".join(told.split())

    def body(self) -> dict[str, object]:
        """Returns the failure as programs read it."""
        return {"exit": int(self.code), "what": self.what, "where": self.where, "do": self.do}
