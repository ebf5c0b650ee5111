"""Judge of what the desk itself offers on chains, from the chain's ledger: bounded, also while it is dead."""

from __future__ import annotations

from flatbook.events import offers
from flatbook.events.control import HaltCause
from flatbook.sim.judges.court import Court, Hearing
from flatbook.sim.judges.exact import OF_SHARE, OF_TOKEN, Exact, shown, size
from flatbook.sim.judges.expectation import NetKey
from flatbook.sim.world import record as rec
from flatbook.values.instants import Instant


def offers_bounded(court: Court) -> Hearing:
    """I21: abs(true net) and standing offers of either side together stay within their bound at every entry.

    Nothing is put back while the net is outside its threshold. A desk that lives pulls all of it after a kill, and
    before a session ends.
    """
    judge = _Offers(court)
    if not court.expects.offers:
        return Hearing()
    return Hearing(
        entries={
            rec.OffersStand: judge.stand,
            rec.Executed: judge.sample,
            rec.BlockMade: judge.block,
            rec.LifeBegan: judge.begun,
            rec.LifeEnded: judge.ended,
        },
        events={offers.OfferRestored: judge.restored},
    )


class _Offers:
    """What stands, who lives, and since when all of it should be gone."""

    def __init__(self, court: Court) -> None:
        self._court = court
        self._stands: dict[NetKey, tuple[Exact, Exact]] = {}
        self._beyond: dict[NetKey, None] = {}
        self._lives_since: Instant | None = None
        self._told: dict[str, None] = {}

    def stand(self, entry: rec.OffersStand) -> None:
        """Takes what stands from now on; what comes by the owner's own hand is judged with the next entry."""
        self._stands[entry.owner, entry.underlying] = (entry.sell * OF_TOKEN, entry.buy * OF_TOKEN)

    def begun(self, entry: rec.LifeBegan) -> None:
        self._lives_since = entry.at

    def ended(self, _entry: rec.LifeEnded) -> None:
        self._lives_since = None

    def block(self, entry: rec.BlockMade) -> None:
        """Looks at every block, whether or not anything moved in it."""
        self.sample(entry)
        self._check_gone()

    def sample(self, entry: rec.Entry) -> None:
        """Looks at the worst that takers could make of each net."""
        for key, bound in self._court.expects.offers.items():
            sell, buy = self._stands.get(key, (0, 0))
            net = self._court.truth.nets.get(key, 0)
            worst = max(size(net - sell), size(net + buy))
            if worst <= bound.bound * OF_SHARE:
                self._beyond.pop(key, None)
            elif key not in self._beyond:
                self._beyond[key] = None
                what = f"{key[0]}:{key[1]} may come to {shown(worst)}, the bound is {shown(bound.bound * OF_SHARE)}"
                self._court.find("I21", what, f"net {shown(net)}, sell {shown(sell)}, buy {shown(buy)}: {entry}")

    def restored(self, event: offers.OfferRestored) -> None:
        """Looks at the net that the desk knew when it put an order back."""
        for key, bound in self._court.expects.offers.items():
            net = self._court.told.nets.get(key, 0)
            if key[0] == event.owner and size(net) >= bound.threshold * OF_SHARE and self._is_of(event, key):
                self._court.find("I21", f"an offer of {key[1]} was put back while the net was {shown(net)}", str(event))

    def _is_of(self, event: offers.OfferRestored, key: NetKey) -> bool:
        return self._court.told.offered.get(event.order_hash) == key[1]

    def _check_gone(self) -> None:
        """Looks for what a desk that lives should have pulled by now."""
        court, at = self._court, self._court.at
        within = court.expects.pulled_within
        if self._lives_since is None or not any(sell or buy for sell, buy in self._stands.values()):
            return
        kills = [since for halt, since in court.told.halts.values() if halt.cause is HaltCause.KILLED]
        if kills and at - max(min(kills), self._lives_since) > within:
            self._find(f"killed {min(kills)}", "offers stand after a kill")
        open_at = [until for start, until in court.expects.sessions if start <= at < until]
        ended = max((until for _, until in court.expects.sessions if until <= at), default=None)
        if not open_at and ended is not None and at - max(ended, self._lives_since) > within:
            self._find(f"session {ended}", "offers stand after the end of a session")

    def _find(self, once: str, what: str) -> None:
        if once not in self._told:
            self._told[once] = None
            self._court.find("I21", what, f"lives since {self._lives_since}, stands {self._stands}")
