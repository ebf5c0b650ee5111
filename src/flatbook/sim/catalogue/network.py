"""Faults of the network between us and anyone."""

from __future__ import annotations

from flatbook.sim.catalogue.row import CORE, EVERYWHERE, Built, Fault

ROWS = (
    Fault(
        id="N1",
        what="A request is lost before it reaches the venue.",
        must_hold=("I1", "I10", "I14"),
        how="Outbound messages are dropped with a chance drawn for the seed.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link._copies",
                "sim.network.wire_faults.InjectedLink.loss",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N2",
        what="The venue acts and its answer is lost.",
        must_hold=("I2", "I7"),
        how="The exchange carries the request out, then the answer is dropped.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link._arrive",
                "sim.network.wire_faults.InjectedLink.loss",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N3",
        what="An answer arrives after we stopped waiting for it.",
        must_hold=("I3", "I7"),
        how="Answers are delayed beyond the time-out, so that both orders of answer and time-out occur.",
        standing=Built(injectors=("sim.network.port_link.Link._arrive",)),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N4",
        what="A request lingers for many seconds in a proxy and is then carried out.",
        must_hold=("I2",),
        how="Requests, never answers, get a delay with a heavy tail.",
        standing=Built(injectors=("sim.network.port_link.Link._arrival",)),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N5",
        what="A middle box or a client repeats a request.",
        must_hold=("I2",),
        how="One request is delivered twice.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link._copies",
                "sim.network.wire_faults.InjectedBroker.repeats",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N6",
        what="A name cannot be resolved for minutes.",
        must_hold=("I7", "I14", "I15"),
        how="For a while no connection to one venue can be made.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link.send",
                "sim.network.wire_faults.InjectedLink.resolves",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N7",
        what="A connection stays open while nothing is read from it.",
        must_hold=("I12", "I14"),
        how="Both directions are swallowed, the connection stays open.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link._arrive",
                "sim.network.wire_faults.InjectedLink.loss",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N8",
        what="We can be heard and cannot hear, or the other way round.",
        must_hold=("I2", "I6"),
        how="For a while requests arrive and have their effect, and neither answers nor pushes come back.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link._arrive",
                "sim.network.wire_faults.InjectedLink.loss",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N9",
        what="A page of some middle box stands where the answer should be.",
        must_hold=("I7",),
        how="After the effect the answer is one that cannot be read, a server fault, or a lost connection.",
        standing=Built(
            injectors=(
                "sim.network.port_link.Link._arrive",
                "sim.network.wire_faults.InjectedLink.refuses",
                "sim.network.wire_faults.InjectedLink.cut_after",
                "sim.network.wire_faults.InjectedBroker.spoils",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N10",
        what="A cancel overtakes the order that it cancels.",
        must_hold=("I7", "I8"),
        how="Each message has a delay of its own; requests keep no order among each other.",
        standing=Built(injectors=("sim.network.port_link.Link._flight_ms",)),
        worlds=CORE,
    ),
    Fault(
        id="N11",
        what="Our address changes and the venue refuses it.",
        must_hold=("I14", "I15"),
        how="For a while one venue forbids every request.",
        standing=Built(
            injectors=(
                "sim.world.front_door.FrontDoor._is_forbidden",
                "sim.network.wire_faults.InjectedBroker.refuses_caller",
            )
        ),
        worlds=EVERYWHERE,
    ),
    Fault(
        id="N12",
        what="A slow venue uses up the connections of all others.",
        must_hold=("I19", "I15"),
        how="For a while one venue answers 15 s late; the others must keep their latency.",
        standing=Built(injectors=("sim.network.port_link.Link._flight_ms",)),
        worlds=EVERYWHERE,
    ),
)
