"""Catching up with 2,000 blocks of a real chain, anvil, with a fill of ours in every tenth. Budget: 20 s, quick 5 s.

Needs: `make deps-all`; without it the figures are left out, as those of a peer that is not installed are.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal

import pytest

from benchmarks import Figure, amount, at_most
from flatbook.venues.evm.log_source import ReadUpTo
from tests.real.anvil import running_anvil
from tests.real.books import Take
from tests.real.reading import read
from tests.real.scene import Scene, deployed

BLOCKS = amount(2_000, 200)
BLOCKS_PER_FILL = 10
SECONDS_MAX = 60.0


def trade(scene: Scene) -> None:
    """Makes the blocks."""
    ask = scene.ask("COIN", price="250", shares="10")
    payload = scene.book.take(Take([ask], most=Decimal(1)))
    for _ in range(BLOCKS // BLOCKS_PER_FILL):
        scene.send(scene.taker, scene.book.address, payload)
        scene.chain.mine(BLOCKS_PER_FILL)


def measured(scene: Scene, *, receipts: bool) -> tuple[float, int]:
    """Returns how long reading everything takes, and how many events it gives. Units: s."""
    begun = time.perf_counter()
    found = read(scene.chain.url, scene.config(), upto=ReadUpTo(first_block=1, receipts=receipts))
    return time.perf_counter() - begun, len(found.events)


def run() -> list[Figure]:
    """Measures catching up, with and without the receipts of our fills."""
    try:
        with running_anvil() as chain:
            scene = deployed(chain)
            trade(scene)
            took, events = measured(scene, receipts=False)
            with_receipts, _ = measured(scene, receipts=True)
    except pytest.skip.Exception as absent:
        print(absent, file=sys.stderr)
        return []
    blocks = f"anvil: {BLOCKS:,} blocks with {events} fills, twice the same node"
    return [
        at_most(blocks, took, "s", SECONDS_MAX),
        Figure(f"{blocks}, receipts too", with_receipts, "s"),
    ]
