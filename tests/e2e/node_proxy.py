"""A way to a chain that can lag, lie or fall silent: JSON-RPC over HTTP, handed on to a node that does none of it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.real.anvil import Anvil

ANSWER_S = 30
SILENCE_S = 600
TAGS = ("latest", "safe", "finalized")


class Manner(Enum):
    """How a node behaves."""

    HONEST = "honest"
    LAGS = "lags"
    HIDES_LOGS = "hides_logs"
    FORGES_HASHES = "forges_hashes"
    SILENT = "silent"
    REFUSES = "refuses"


class NodeProxy:
    """One way to a node. `manner` may change at any time; a lagging one stands where the chain stood then."""

    def __init__(self, chain: Anvil, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.manner = Manner.HONEST
        self.asked = 0
        self._chain, self._stands_at = chain, 0
        self._quiet = threading.Event()

    def behave(self, manner: Manner) -> None:
        """Behaves so from now on."""
        self._stands_at = self._chain.height
        self.manner = manner
        self._quiet.set()
        self._quiet = threading.Event()

    def answer(self, body: bytes) -> bytes | None:
        """Answers a request; None when there is no answer."""
        self.asked += 1
        manner = self.manner
        if manner is Manner.REFUSES:
            return None
        if manner is Manner.SILENT:
            self._quiet.wait(SILENCE_S)
            return None
        asked = json.loads(body)
        calls = asked if isinstance(asked, list) else [asked]
        answers = self._forwarded([self._tagged(call, manner) for call in calls])
        told = [self._told(call, answers[call["id"]], manner) for call in calls]
        return json.dumps(told if isinstance(asked, list) else told[0]).encode()

    def _forwarded(self, calls: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
        host = self._chain.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=ANSWER_S)
        try:
            connection.request("POST", "/", json.dumps(calls), {"Content-Type": "application/json"})
            return {answer["id"]: answer for answer in json.loads(connection.getresponse().read())}
        finally:
            connection.close()

    def _tagged(self, call: dict[str, Any], manner: Manner) -> dict[str, Any]:
        """A lagging node knows no block after the one where it stands."""
        if manner is not Manner.LAGS or call["method"] != "eth_getBlockByNumber" or call["params"][0] != "latest":
            return call
        return {**call, "params": [hex(self._stands_at), *call["params"][1:]]}

    def _told(self, call: dict[str, Any], answer: dict[str, Any], manner: Manner) -> dict[str, Any]:
        method, result = call["method"], answer.get("result")
        if manner is Manner.LAGS and method == "eth_getBlockByNumber" and result is not None:
            return answer if int(result["number"], 16) <= self._stands_at else {**answer, "result": None}
        if manner is Manner.LAGS and method == "eth_getLogs":
            seen = [log for log in result or () if int(log["blockNumber"], 16) <= self._stands_at]
            return {**answer, "result": seen}
        if manner is Manner.HIDES_LOGS and method == "eth_getLogs":
            return {**answer, "result": []}
        if manner is Manner.FORGES_HASHES and method == "eth_getBlockByNumber" and result is not None:
            return {**answer, "result": {**result, "hash": "0x" + "ab" * 32}}
        return answer


class QuietServer(ThreadingHTTPServer):
    """A server that says nothing of callers who were killed."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Passes over a connection that broke."""


@contextmanager
def running_proxy(chain: Anvil) -> Iterator[NodeProxy]:
    """Starts a way to a chain on a free port."""

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told = proxy.answer(body)
            if told is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = QuietServer(("127.0.0.1", 0), Desk)
    proxy = NodeProxy(chain, server.server_address[1])
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    serving.start()
    try:
        yield proxy
    finally:
        proxy.behave(Manner.HONEST)
        server.shutdown()
        server.server_close()
