"""An aiohttp connector for the simulated network, so that adapters run over it unchanged."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest, ConnectionKey
    from aiohttp.tracing import Trace

KEEPALIVE_S = 15
CONNECTIONS_MAX = 100


class SimulatedConnector(aiohttp.BaseConnector):
    """Connects a session through the running virtual loop; an https address is served without the cipher.

    aiohttp measures the age of an idle connection by the machine's clock and draws lots among those who wait for a
    free one: both would differ between two runs of a seed, so both are done here in virtual time and in order.
    """

    def __init__(self, *, limit: int = CONNECTIONS_MAX) -> None:
        super().__init__(keepalive_timeout=None, limit=limit)

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],  # noqa: ARG002 - the call is aiohttp's
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109
    ) -> ResponseHandler:
        host, port = req.url.raw_host or "", req.url.port or 0
        try:
            async with asyncio.timeout(timeout.sock_connect):
                _, protocol = await self._loop.create_connection(self._factory, host, port)
        except socket.gaierror as error:
            raise aiohttp.ClientConnectorDNSError(req.connection_key, error) from error
        except TimeoutError:
            raise
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        return protocol

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        super()._release(key, protocol, should_close=should_close)
        if protocol.is_connected():
            self._loop.call_later(KEEPALIVE_S, self._expire, key, protocol, self._released(key, protocol))

    def _released(self, key: ConnectionKey, protocol: ResponseHandler) -> Any:
        """Returns the entry of an idle connection in the pool, or None when it is in use or gone."""
        return next((entry for entry in self._conns.get(key, ()) if entry[0] is protocol), None)

    def _expire(self, key: ConnectionKey, protocol: ResponseHandler, entry: Any) -> None:
        if entry is not None and self._released(key, protocol) is entry:
            self._conns[key].remove(entry)
            if not self._conns[key]:
                del self._conns[key]
            protocol.close()

    def _release_waiter(self) -> None:
        for key, waiters in list(self._waiters.items()):
            if self._available_connections(key) < 1:
                continue
            while waiters:
                waiter, _ = waiters.popitem(last=False)
                if not waiter.done():
                    waiter.set_result(None)
                    return
