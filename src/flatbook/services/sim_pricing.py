"""The pricer of fills as a life of a simulated desk has it, where its world has an oracle."""

from __future__ import annotations

import asyncio
from contextvars import Context

from flatbook.engine.run import Engine
from flatbook.services.oracle import FillPricer
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.chain import CHAIN
from flatbook.sim.world.outside import Chains
from flatbook.sim.world.port_venue import Caller


def begin_pricing(
    loop: VirtualLoop, chains: Chains, caller: Caller, engine: Engine, beside: tuple[Context, asyncio.Task[str]]
) -> None:
    """Prices the fills of a life while its engine runs. `beside` are the process and the task of that engine."""
    reader = chains.oracle_of_life(caller)
    if reader is None:
        return
    context, running = beside
    pricer = FillPricer({CHAIN: reader}, caller.clock, engine.push)
    engine.listeners.append(pricer.on_commit)
    pricing = context.run(loop.create_task, pricer.follow())
    running.add_done_callback(lambda _ended: pricing.cancel())
