"""What the packages below raise for the operator, and what each means on the command line.

This file is read only after something was raised.
"""

from __future__ import annotations

from flatbook.api.access_file import DoorUnusable
from flatbook.api.access_tokens import TokenRefused
from flatbook.backtest.refused import TapeRefused
from flatbook.cli.faults import Exit, Failed
from flatbook.engine.ports import JournalBroken, JournalFault
from flatbook.engine.run import EngineFailed
from flatbook.ops.config_read import NO_FILE, ConfigRefused
from flatbook.ops.control_socket import SocketTaken
from flatbook.ops.secret_value import SecretRefused
from flatbook.services.demo_home import HomeRefused
from flatbook.sim.broker.ledger import BrokerFileRefused
from flatbook.sim.runs.scenario import ScenarioRefused
from flatbook.sim.tapes.bar_file import BarsRefused
from flatbook.sim.tapes.pool import SamplesRefused
from flatbook.sim.world.injection import InjectorFailed
from flatbook.values.instants import InstantRefused
from flatbook.values.money import NumberRefused
from flatbook.venues.evm.recorded import AnswersRefused
from flatbook.venues.raindex.log_source import CursorRefused
from flatbook.venues.raindex.recording import RecordingBroken

KNOWN: tuple[type[BaseException], ...] = (
    JournalFault,
    EngineFailed,
    SocketTaken,
    ConfigRefused,
    SecretRefused,
    TapeRefused,
    BarsRefused,
    SamplesRefused,
    RecordingBroken,
    AnswersRefused,
    CursorRefused,
    BrokerFileRefused,
    HomeRefused,
    DoorUnusable,
    TokenRefused,
    InjectorFailed,
    ScenarioRefused,
    InstantRefused,
    NumberRefused,
    OSError,
)

LOOK, DOCTOR = "look at its name", "flatbook doctor finds what a configuration names and is not there"
RECORDED = (".gz", ".jsonl", ".parquet", ".csv", ".npz", ".zip")
"""How the names of tapes and recordings end, which no configuration names."""


def failed_of(error: BaseException) -> Failed:
    """Returns the failure that an error of a package below means."""
    if isinstance(error, ConfigRefused):
        more = len(error.problems) - 1
        rest = f" (and {more} more: flatbook config check lists them)" if more else ""
        do = "" if NO_FILE in error.problems[0].text else "correct it, then flatbook config check"
        return Failed(Exit.CONFIG, f"{error.problems[0]}{rest}", do=do)
    if isinstance(error, InstantRefused | NumberRefused | ScenarioRefused | TokenRefused):
        return Failed(Exit.USAGE, str(error))
    if isinstance(error, JournalBroken):
        return Failed(Exit.ERROR, str(error), do="keep every copy; flatbook restore puts a backup in a journal's place")
    if isinstance(error, OSError):
        named = LOOK if str(error.filename).endswith(RECORDED) else f"{LOOK}; {DOCTOR}"
        do = named if isinstance(error, FileNotFoundError) else ""
        do = "name a file" if isinstance(error, IsADirectoryError) else do
        return Failed(Exit.ERROR, error.strerror or str(error), where=str(error.filename or ""), do=do)
    return Failed(Exit.ERROR, str(error))
