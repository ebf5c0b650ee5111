"""Faults of what venues answer to requests."""

from __future__ import annotations

from flatbook.sim.catalogue.row import BOTH, CORE, FULL, Awaited, Awaits, Built, Fault, Proven

ROWS = (
    Fault(
        id="V1",
        what="An accepted order cannot be found for seconds.",
        must_hold=("I2", "I7"),
        how="What is read trails the truth, within the lag that the venue's card declares.",
        standing=Built(injectors=("sim.world.port_venue.PortVenue._view_at",)),
        worlds=BOTH,
    ),
    Fault(
        id="V2",
        what="An order is not found several times, then it fills.",
        must_hold=("I3", "I7"),
        how="Read after read trails by the whole lag that the card declares, longer than any counter of misses.",
        standing=Built(injectors=("sim.world.port_venue.PortVenue._view_at",)),
        worlds=BOTH,
    ),
    Fault(
        id="V3",
        what="A client id is refused only while its order is open.",
        must_hold=("I2",),
        how='The id rule of the exchange is "while open".',
        standing=Built(injectors=("sim.world.exchange.Exchange._take",)),
        worlds=CORE,
    ),
    Fault(
        id="V4",
        what="A client id is a mere label, or there is none.",
        must_hold=("I2",),
        how='The id rule of the exchange is "none".',
        standing=Built(injectors=("sim.world.exchange.Exchange._take",)),
        worlds=CORE,
    ),
    Fault(
        id="V5",
        what="An answer names the order of somebody else.",
        must_hold=("I3", "I20"),
        how="Now and then an acceptance carries the venue's id of another order.",
        standing=Built(
            injectors=(
                "sim.world.port_venue.PortVenue._told_id",
                "sim.network.wire_faults.InjectedBroker.names_neighbour",
            )
        ),
        worlds=BOTH,
    ),
    Fault(
        id="V6",
        what="A client id is forgotten after a while.",
        must_hold=("I2",),
        how="The id rule of the exchange is a window; no world has yet sent an id again after it.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="V7",
        what="Too many requests: first refused, then shut out for minutes or days.",
        must_hold=("I15", "I19"),
        how="A bucket of tokens, and a ban when it is overdrawn; cancels must still get through.",
        standing=Built(
            injectors=(
                "sim.world.front_door.FrontDoor._spends",
                "sim.network.wire_faults.InjectedBroker.requests_per_minute",
            )
        ),
        worlds=BOTH,
    ),
    Fault(
        id="V8",
        what="The price of a request in the rate limit changes overnight.",
        must_hold=("I15", "I19"),
        how="The bucket is halved in the middle of a run, without notice.",
        standing=Built(injectors=("sim.world.front_door.FrontDoor._spends",)),
        worlds=CORE,
    ),
    Fault(
        id="V9",
        what="The venue fails at the very moment when prices move.",
        must_hold=("I6", "I7"),
        how="After a large move of the price requests fail, before or after their effect.",
        standing=Built(
            injectors=(
                "sim.world.front_door.FrontDoor.passes",
                "sim.network.wire_faults.InjectedBroker.spoils",
            )
        ),
        worlds=BOTH,
    ),
    Fault(
        id="V10",
        what="A partial fill, then the cancel loses the race.",
        must_hold=("I3", "I8"),
        how="A fill falls between the cancel sent and the cancel seen.",
        standing=Built(injectors=("sim.world.exchange.Exchange.cancel",)),
        worlds=CORE,
    ),
    Fault(
        id="V11",
        what="A fill arrives after the cancel was confirmed.",
        must_hold=("I3", "I7"),
        how="A late execution follows the end of the order by up to a minute.",
        standing=Built(injectors=("sim.world.exchange.Exchange._late_fill",)),
        worlds=BOTH,
    ),
    Fault(
        id="V12",
        what="The venue executes more than was ordered.",
        must_hold=("I8", "I20"),
        how="Now and then one lot too many is executed.",
        standing=Built(
            injectors=(
                "sim.world.exchange.Exchange._execute",
                "sim.network.wire_faults.InjectedBroker.overfills",
            )
        ),
        worlds=BOTH,
    ),
    Fault(
        id="V13",
        what="Parts of a fill are hedged, then the whole of it again.",
        must_hold=("I4", "I6"),
        how="Executions in parts, beside one report of the total.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="V14",
        what="Totals and single executions are mixed, or repeated.",
        must_hold=("I4", "I8"),
        how="A venue states running totals, repeated and out of order, or executions beside them.",
        standing=Proven(),
        worlds=FULL,
    ),
    Fault(
        id="V15",
        what="An execution id comes again after a restart or at another symbol.",
        must_hold=("I4",),
        how="Execution ids are reused across instruments.",
        standing=Built(injectors=("sim.world.exchange.Exchange._next_execution_id",)),
        worlds=CORE,
    ),
    Fault(
        id="V16",
        what="A status has a word that nobody has seen.",
        must_hold=("I7", "I20"),
        how="Answers carry an unseen status.",
        standing=Built(
            injectors=(
                "sim.world.port_venue.PortVenue._report",
                "sim.network.wire_faults.InjectedBroker.strange_status",
            )
        ),
        worlds=BOTH,
    ),
    Fault(
        id="V17",
        what="A contract is ten times as large as we believe.",
        must_hold=("I5", "I16"),
        how="One symbol gets another contract size; the statement must stop it within one fill.",
        standing=Awaits(what=Awaited.EXCHANGES),
        worlds=FULL,
    ),
    Fault(
        id="V18",
        what="A number comes as a float with noise, an exponent or too many digits.",
        must_hold=("I16",),
        how="Answers write numbers as `1e-8`, with 30 digits, as `-0`, as text.",
        standing=Proven(),
        worlds=FULL,
    ),
    Fault(
        id="V19",
        what="Tick, lot or minimum change while we run.",
        must_hold=("I14", "I16"),
        how="Some requests meet a lot ten times as large; a refusal leads to no loop.",
        standing=Built(injectors=("sim.world.exchange.Exchange._lot",)),
        worlds=CORE,
    ),
    Fault(
        id="V20",
        what="A fee is in another asset, is a rebate, or is known only later.",
        must_hold=("I5",),
        how="The asset of the fee is drawn; it may come after the fill, or not at all.",
        standing=Awaits(what=Awaited.CORE_WORLD),
        worlds=BOTH,
    ),
    Fault(
        id="V21",
        what="Funding is counted twice, or with the wrong sign.",
        must_hold=("I4", "I5"),
        how="Payments come repeated, late, and at a change of position, each venue with its own sign.",
        standing=Awaits(what=Awaited.CARRY),
        worlds=BOTH,
    ),
    Fault(
        id="V22",
        what="The interval or the cap of funding changes.",
        must_hold=("I12",),
        how="Eight hours become one in the middle of a run.",
        standing=Awaits(what=Awaited.CARRY),
        worlds=BOTH,
    ),
    Fault(
        id="V23",
        what="The venue closes a position without our order.",
        must_hold=("I6", "I20"),
        how="The exchange executes against our account what nobody ordered.",
        standing=Built(injectors=("services.simulated.World._trade_of_others",)),
        worlds=BOTH,
    ),
    Fault(
        id="V24",
        what="A split, a dividend, another ticker, or a halt of trading.",
        must_hold=("I5", "I12"),
        how="One share becomes ten between close and open; trading stops for five minutes.",
        standing=Awaits(what=Awaited.ALPACA),
        worlds=BOTH,
    ),
    Fault(
        id="V25",
        what="A price is old and looks like any other.",
        must_hold=("I12",),
        how="One feed freezes while its heartbeats go on.",
        standing=Built(injectors=("services.simulated.World._price",)),
        worlds=BOTH,
    ),
    Fault(
        id="V26",
        what="A page limit hides older orders or positions.",
        must_hold=("I3", "I20"),
        how="Pages of two executions.",
        standing=Built(injectors=("sim.world.port_venue.PortVenue._page_max",)),
        worlds=CORE,
    ),
    Fault(
        id="V27",
        what="A close is refused because a check of margin sees no credit for closing.",
        must_hold=("I15",),
        how="No margin is left when a halt or a flatten comes.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="V28",
        what="A market hedge slips without a bound.",
        must_hold=("I6",),
        how="The order book is empty for ten seconds; the collar holds, then widens as planned.",
        standing=Built(injectors=("sim.world.exchange.Exchange._is_empty",)),
        worlds=CORE,
    ),
    Fault(
        id="V29",
        what="A leg is marked closed before that is verified.",
        must_hold=("I7", "I20"),
        how="A close is answered with yes and executes 40% of it.",
        standing=Proven(),
        worlds=BOTH,
    ),
    Fault(
        id="V30",
        what="A token dies: the refresh after days, the access after minutes.",
        must_hold=("I12", "I15"),
        how="Tokens expire at random; an alert comes days before, new risk stops in time.",
        standing=Awaits(what=Awaited.SCHWAB),
        worlds=FULL,
    ),
    Fault(
        id="V31",
        what="The account is restricted: day trades, shorts, buying power.",
        must_hold=("I7", "I14"),
        how="Refusals with a reason; no loop of retries.",
        standing=Built(
            injectors=(
                "sim.world.exchange.Exchange._check",
                "sim.network.wire_faults.InjectedBroker.restricts",
            )
        ),
        worlds=BOTH,
    ),
    Fault(
        id="V32",
        what="A key of the sandbox meets the live host, or the reverse.",
        must_hold=("start refused",),
        how="The check of keys at the start answers another environment.",
        standing=Awaits(what=Awaited.ALPACA),
        worlds=FULL,
    ),
)
