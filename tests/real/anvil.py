"""An anvil on a free port of its own, and a synchronous way to ask it.

It mines when it is told. After a reorganisation it sends no logs marked as removed: whoever
reads it must compare block hashes.
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.real.programs import anvil_program

CHAIN_ID = 8453
STARTS_MAX = 3
TRIES_MAX = 2_400
TRY_S = 0.025
ANSWER_S = 60
GENESIS_S = 1_764_691_200  # 2025-12-02T16:00:00Z, in the regular session
BLOCK_S = 2

Ask = tuple[str, tuple[object, ...]]


class Refused(RuntimeError):
    """The chain answered with an error. Carries what a contract reverted with, where it did."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error.get('message')}")
        self.reverted_with = str(error.get("data") or "")


class Terms(NamedTuple):
    """How a chain behaves. Units: s; without `genesis_s` it begins now."""

    chain_id: int = CHAIN_ID
    slots_in_an_epoch: int = 32
    genesis_s: int | None = GENESIS_S


class Anvil:
    """A running anvil: `url` and `ws_url` for the code under test, the methods for the test."""

    def __init__(self, port: int, terms: Terms) -> None:
        self.url, self.ws_url = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}"
        self.terms = terms
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)

    def close(self) -> None:
        self._http.close()

    def do(self, method: str, *params: object) -> Any:
        """Returns the result of one call; raises Refused where the chain refuses it."""
        return self.do_all([(method, params)])[0]

    def do_all(self, asks: Sequence[Ask]) -> list[Any]:
        """Returns the results of many calls, asked at once."""
        if not asks:
            return []
        batch = [
            {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
            for place, (method, params) in enumerate(asks)
        ]
        self._http.request("POST", "/", json.dumps(batch), {"Content-Type": "application/json"})
        answers = {answer["id"]: answer for answer in json.loads(self._http.getresponse().read())}
        for place, (method, _) in enumerate(asks):
            if "error" in answers[place]:
                raise Refused(method, answers[place]["error"])
        return [answers[place].get("result") for place in range(len(asks))]

    @property
    def accounts(self) -> list[str]:
        """The accounts whose transactions this chain signs itself, each with plenty of coin."""
        return [str(account).lower() for account in self.do("eth_accounts")]

    @property
    def height(self) -> int:
        """The number of the newest block."""
        return int(self.do("eth_blockNumber"), 16)

    def mine(self, blocks: int = 1) -> None:
        """Adds blocks, each BLOCK_S later than the one before."""
        self.do("anvil_mine", hex(blocks), hex(BLOCK_S))

    def set_time(self, unix_s: int) -> None:
        """Lets the next block be made at an instant. Units: s since 1970."""
        self.do("evm_setNextBlockTimestamp", hex(unix_s))

    def reorg(self, depth: int, transactions: Sequence[object] = ()) -> None:
        """Replaces the newest blocks by others: empty, or with [[transaction, block offset], ...]."""
        self.do("anvil_reorg", depth, list(transactions))

    def receipt(self, tx: str) -> dict[str, Any]:
        """Returns the receipt of a transaction that is in a block."""
        found: dict[str, Any] | None = self.do("eth_getTransactionReceipt", tx)
        assert found is not None, f"no receipt of {tx}"
        return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def _command(port: int, terms: Terms) -> list[str]:
    return [
        str(anvil_program()),
        *("--host", "127.0.0.1", "--port", str(port), "--silent", "--order", "fifo"),
        *("--chain-id", str(terms.chain_id), "--slots-in-an-epoch", str(terms.slots_in_an_epoch)),
        "--no-mining",
        *(("--timestamp", str(terms.genesis_s)) if terms.genesis_s is not None else ()),
        *("--gas-limit", "1000000000"),
    ]


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    for _ in range(TRIES_MAX):
        if process.poll() is not None:
            return False
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(TRY_S)
        else:
            return True
    return False


@contextmanager
def running_anvil(terms: Terms | None = None) -> Iterator[Anvil]:
    """Starts an anvil, and kills it at the end. Skips loudly where the program is absent."""
    terms = terms or Terms()
    for _ in range(STARTS_MAX):
        port = _free_port()
        process = subprocess.Popen(_command(port, terms), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if not _answers(process, port):
                continue
            chain = Anvil(port, terms)
            try:
                chain.do("anvil_setBlockTimestampInterval", BLOCK_S)
                yield chain
            finally:
                chain.close()
            return
        finally:
            process.kill()
            process.wait()
    raise AssertionError("anvil does not answer")
