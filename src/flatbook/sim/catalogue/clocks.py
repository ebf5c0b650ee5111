"""Faults of clocks."""

from __future__ import annotations

from flatbook.sim.catalogue.row import (
    BOTH,
    CORE,
    CORE_AND_EXCHANGE,
    EVERYWHERE,
    FULL,
    Awaited,
    Awaits,
    Built,
    Fault,
    Proven,
)

ROWS = (
    Fault(
        id="T1",
        what="Our clock is ahead of the venue's, or behind.",
        must_hold=("I14",),
        how="An offset and a drift of the process, and steps forward.",
        standing=Built(injectors=("services.simulated.World._step_clock",)),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="T2",
        what="A clock steps back.",
        must_hold=("I9", "I12"),
        how="Steps back of up to three seconds; the order of events stays that of their sequence.",
        standing=Built(injectors=("services.simulated.World._step_clock",)),
        worlds=CORE_AND_EXCHANGE,
    ),
    Fault(
        id="T3",
        what="The clocks of two hosts are compared.",
        must_hold=("I4",),
        how="Each process has an offset of its own; no order may follow from them.",
        standing=Awaits(what=Awaited.CORE_WORLD),
        worlds=CORE,
    ),
    Fault(
        id="T4",
        what="The machine sleeps for an hour and wakes.",
        must_hold=("I12", "I11"),
        how="Time jumps an hour; the lease is lost and all that was known is old.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="T5",
        what="A day ends, summer time begins, the market closes early.",
        must_hold=("I12",),
        how="Calendar days with half sessions and changes of the clock.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="T6",
        what="A comparison of ages is always true.",
        must_hold=("I7",),
        how="Ages on both sides of each bound.",
        standing=Proven(),
    ),
    Fault(
        id="T7",
        what="Venues state time in seconds, milli-, micro- or nanoseconds, or in their own zone.",
        must_hold=("I16",),
        how="The unit of each message is drawn.",
        standing=Proven(),
        worlds=FULL,
    ),
)
