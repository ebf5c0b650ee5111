"""`flatbook api`: the door of programs and of the console, in a process of its own."""

from __future__ import annotations

import sys
from typing import Annotated

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says

HOST = "127.0.0.1"
PORT = 8787


def api(
    *,
    host: Annotated[str, says("Address of this machine to listen on: 127.0.0.1 or ::1 and no other.")] = HOST,
    port: Annotated[int, says("Port to listen on.")] = PORT,
    where: Where = HERE,
) -> int:
    """Serves the API and the console of a desk until it is stopped, beside a running engine or without one.

    It reads the journal and asks the engine over its socket; it writes nothing. Stop it with Ctrl-C or SIGTERM.
    """
    from flatbook.api.serve import BindRefused, run_site
    from flatbook.cli.desks import loaded_of

    def told(address: str) -> None:
        print(address)
        sys.stdout.flush()

    try:
        return run_site(loaded_of(where), host, port, told)
    except BindRefused as refused:
        raise Failed(Exit.REFUSED, str(refused), where="--host") from refused
    except OSError as error:
        do = "end what listens there, or name another --port"
        raise Failed(Exit.ERROR, error.strerror or str(error), where=f"{host}:{port}", do=do) from error
