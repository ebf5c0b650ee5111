"""The folder of a desk, and what lies in it. Read for every `--help`, so that it imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "FLATBOOK_HOME"
PROGRESS_VARIABLE, BY_LINES = "FLATBOOK_PROGRESS", "lines"  # a verb then tells its progress where it is no terminal
HOME_FOLDER = ".flatbook"
CONFIG_FILE = "flatbook.toml"
SOCKET_FILE = Path("run", "engine.sock")
RESTORED_FILE = "restored"
DEMO_FOLDER, DEMO_FILE = "demo", ".flatbook-demo"
SNAPSHOT_FOLDER = "snapshots"
DOOR_FILE = "door.sqlite"
STOPS_FILE = "stops.jsonl"
LOG_FILE = Path("log", "engine.jsonl")
BACKTEST_FILE = "report.json"


def home_of(environment: Mapping[str, str] = os.environ) -> Path:
    """Returns the folder of a desk: FLATBOOK_HOME, or ~/.flatbook."""
    named = environment.get(HOME_VARIABLE)
    return Path(named).expanduser() if named else Path.home() / HOME_FOLDER


def is_backtest(folder: Path) -> bool:
    """Whether a folder is that of a finished backtest: it has the report of one, and no configuration."""
    return (folder / BACKTEST_FILE).is_file() and not (folder / CONFIG_FILE).exists()


def is_demo(folder: Path) -> bool:
    """Whether a folder is the home of a demo's desk."""
    return (folder / DEMO_FILE).exists()


def other_home(folder: Path) -> str:
    """Returns how another desk is named than that of a home where none is: the demo's below it, where there is one."""
    demo = folder / DEMO_FOLDER
    return f"--home {demo} is the desk of the demo" if is_demo(demo) else "--home names another desk"
