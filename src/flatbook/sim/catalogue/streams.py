"""Faults of streams and order books."""

from __future__ import annotations

from flatbook.sim.catalogue.row import (
    BOTH,
    CORE_AND_EXCHANGE,
    FULL,
    FULL_AND_EXCHANGE,
    Awaited,
    Awaits,
    Built,
    Fault,
    Proven,
)

ROWS = (
    Fault(
        id="W1",
        what="A stream whose heartbeats live and whose events are gone.",
        must_hold=("I3", "I12"),
        how="Only frames of events are dropped; the poll must find everything.",
        standing=Built(
            injectors=("sim.world.port_venue.PortVenue.watch.push", "sim.network.wire_faults.InjectedBroker.pushes")
        ),
        worlds=CORE_AND_EXCHANGE,
    ),
    Fault(
        id="W2",
        what="Nothing is told of the time while a stream was cut.",
        must_hold=("I3",),
        how="The stream is cut for up to two minutes while orders fill.",
        standing=Built(injectors=("sim.network.port_link.Link.is_cut",)),
        worlds=CORE_AND_EXCHANGE,
    ),
    Fault(
        id="W3",
        what="What was told comes again after a reconnect.",
        must_hold=("I4",),
        how="The last events are replayed.",
        standing=Built(
            injectors=("sim.world.port_venue.PortVenue.watch.push", "sim.network.wire_faults.InjectedBroker.pushes")
        ),
        worlds=CORE_AND_EXCHANGE,
    ),
    Fault(
        id="W4",
        what="One change of an order book is missing.",
        must_hold=("I12",),
        how="One delta is dropped; the order book leaves service until a snapshot.",
        standing=Built(injectors=("sim.exchange.injected.InjectedExchange.pushes",)),
        worlds=FULL_AND_EXCHANGE,
    ),
    Fault(
        id="W5",
        what="A snapshot is older than the changes beside it; bid above ask.",
        must_hold=("I12",),
        how="Snapshots carry a stale sequence, or cross.",
        standing=Proven(),
        worlds=FULL,
    ),
    Fault(
        id="W6",
        what="A sequence starts again at zero.",
        must_hold=("I12", "I13"),
        how="The counter of the venue is reset at a reconnect.",
        standing=Proven(),
        worlds=FULL,
    ),
    Fault(
        id="W7",
        what="The key of a stream expires, or another client deletes it.",
        must_hold=("I3", "I12"),
        how="Keeping it alive answers 404; the stream falls silent.",
        standing=Built(injectors=("sim.exchange.injected.InjectedExchange.ends_listen_key",)),
        worlds=FULL_AND_EXCHANGE,
    ),
    Fault(
        id="W8",
        what="A venue cuts all streams at the same hour each day.",
        must_hold=("I14",),
        how="All streams are cut at a fixed hour.",
        standing=Awaits(what=Awaited.CORE_WORLD),
        worlds=BOTH,
    ),
    Fault(
        id="W9",
        what="We read too slowly: the venue drops us, or a buffer grows.",
        must_hold=("I19",),
        how="Fifty times the usual events for ten seconds.",
        standing=Awaits(what=Awaited.FULL_WORLD),
        worlds=FULL,
    ),
    Fault(
        id="W10",
        what="An event arrives before the answer to the request that caused it.",
        must_hold=("I4", "I8"),
        how="The execution is pushed before the place request is answered.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="W11",
        what="Events of a neighbour account stand in our stream.",
        must_hold=("I5", "I20"),
        how="The stream carries orders that are not ours.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="W12",
        what="A frame is malformed, huge, or unpacks without end.",
        must_hold=("I19",),
        how="Frames of 64 MiB, invalid text, ten thousand brackets.",
        standing=Proven(),
        worlds=FULL,
    ),
)
