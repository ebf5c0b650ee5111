"""The desk that a verb speaks of: its configuration, and whether its engine runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import Where

if TYPE_CHECKING:
    from flatbook.ops.config import Loaded
    from flatbook.ops.config_shape import Config

STATUS_S = 2


def loaded_of(where: Where) -> Loaded:
    """Returns the configuration of a desk, with the origin of each value.

    Errors: ConfigRefused.
    """
    from flatbook.ops.config import load

    return load(where.folder, path=where.config_path, environment=os.environ)


def config_or_none(where: Where) -> Config | None:
    """Returns the configuration of a desk, None when there is none that can be used."""
    from flatbook.ops.config_read import ConfigRefused

    try:
        return loaded_of(where).config
    except ConfigRefused:
        return None


def is_running(where: Where) -> bool:
    """Returns whether an engine listens on the desk's socket, be it too busy to answer."""
    from flatbook.ops.control_client import ControlFault, NotRunning

    try:
        engine_status(where)
    except NotRunning:
        return False
    except ControlFault:
        return True
    return True


def engine_status(where: Where) -> dict[str, Any]:
    """Returns how the running engine says it stands.

    Errors: ControlFault when it cannot be asked, NotRunning when none listens.
    """
    from flatbook.ops.control_client import request

    status: dict[str, Any] = request(where.socket, {"kind": "status"}, STATUS_S)
    return status
