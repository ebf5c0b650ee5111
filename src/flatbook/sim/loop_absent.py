"""What an event loop without an outside refuses: threads, descriptors, signals, processes of the real machine."""

from __future__ import annotations

import asyncio
from typing import Any


class OutsideWorld(RuntimeError):
    """Code under the virtual loop asked for the real machine."""


def _absent(name: str) -> Any:
    def refuse(*_args: object, **_options: object) -> None:
        raise OutsideWorld(f"{name} reaches out of the simulated world: nothing there repeats with the seed")

    return refuse


class LoopWithoutOutside(asyncio.AbstractEventLoop):
    """The half of asyncio's loop that touches the machine, each call refused by its name.

    Errors: OutsideWorld by every method here.
    """

    add_reader = _absent("add_reader")
    remove_reader = _absent("remove_reader")
    add_writer = _absent("add_writer")
    remove_writer = _absent("remove_writer")
    add_signal_handler = _absent("add_signal_handler")
    remove_signal_handler = _absent("remove_signal_handler")
    run_in_executor = _absent("run_in_executor")
    set_default_executor = _absent("set_default_executor")
    getaddrinfo = _absent("getaddrinfo")
    getnameinfo = _absent("getnameinfo")
    create_datagram_endpoint = _absent("create_datagram_endpoint")
    create_unix_connection = _absent("create_unix_connection")
    create_unix_server = _absent("create_unix_server")
    connect_accepted_socket = _absent("connect_accepted_socket")
    connect_read_pipe = _absent("connect_read_pipe")
    connect_write_pipe = _absent("connect_write_pipe")
    subprocess_exec = _absent("subprocess_exec")
    subprocess_shell = _absent("subprocess_shell")
    start_tls = _absent("start_tls")
    sendfile = _absent("sendfile")
    sock_accept = _absent("sock_accept")
    sock_connect = _absent("sock_connect")
    sock_recv = _absent("sock_recv")
    sock_recv_into = _absent("sock_recv_into")
    sock_recvfrom = _absent("sock_recvfrom")
    sock_recvfrom_into = _absent("sock_recvfrom_into")
    sock_sendall = _absent("sock_sendall")
    sock_sendfile = _absent("sock_sendfile")
    sock_sendto = _absent("sock_sendto")
