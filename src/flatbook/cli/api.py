"""`flatbook api`: the door of programs and of the console, in a process of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says

if TYPE_CHECKING:
    from flatbook.ops.config import Loaded
    from flatbook.projections.report import Prices

HOST = "127.0.0.1"


def within_ports(port: int | None) -> None:
    """Passes when there is such a port, or none was named.

    Errors: ValueError.
    """
    from flatbook.ops.config_api import PORT_MOST

    if port is not None and not 1 <= port <= PORT_MOST:
        raise ValueError(f"must be from 1 to {PORT_MOST}")


Port = Annotated[
    int | None,
    Parameter(
        help="Port to listen on; that of the configuration when left out.",
        validator=lambda _, value: within_ports(value),
    ),
]


def api(
    *,
    host: Annotated[str, says("Address of this machine to listen on: 127.0.0.1 or ::1 and no other.")] = HOST,
    port: Port = None,
    beside: Annotated[bool, says("End when standard input does: so the engine starts it.")] = False,
    where: Where = HERE,
) -> int:
    """Serves the API and the console of a desk until it is stopped, beside a running engine or without one.

    It reads the journal and asks the engine over its socket; it writes nothing. Stop it with Ctrl-C or SIGTERM.
    """
    from flatbook.api.serve import BindRefused, Listening, run_site
    from flatbook.api.site import Site
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.clock import SystemClock

    def told(address: str) -> None:
        print(address)
        sys.stdout.flush()

    loaded = loaded_of(where)
    site = Site(loaded, SystemClock(), _prices(loaded), config=where.config_path)
    at = loaded.config.api.port if port is None else port
    try:
        return run_site(site, Listening(host=host, port=at, beside=beside), told)
    except BindRefused as refused:
        raise Failed(Exit.REFUSED, str(refused), where="--host") from refused
    except OSError as error:
        do = f"end what listens there, or {'state another [api].port' if beside else 'name another --port'}"
        raise Failed(Exit.ERROR, error.strerror or str(error), where=f"{host}:{at}", do=do) from error


def _prices(loaded: Loaded) -> Prices:
    """Returns the recorded prices of the market that reports compare with; none where they cannot be read."""
    from flatbook.projections.report import no_prices
    from flatbook.services.report import prices_of
    from flatbook.sim.tapes.bar_file import BarsRefused

    try:
        return prices_of(loaded)
    except (BarsRefused, OSError):
        return no_prices
