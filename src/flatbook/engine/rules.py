"""The rules of a desk, made from its configuration once at start."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.ports import VaultWords, VenueCard
from flatbook.risk.breaker import BreakerLimits
from flatbook.risk.call_limits import CallLimits
from flatbook.risk.corrections import NEVER_CORRECTED, CorrectionRules
from flatbook.risk.limits import Limits
from flatbook.risk.monitor import MonitorRules
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.calls import WalletKey
from flatbook.state.positions import NetKey, PositionKey
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.strategies.offers import OfferParams
from flatbook.strategies.quoting import Seat
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import NS_PER_MS
from flatbook.values.instruments import Instrument, Product
from flatbook.values.money import Price


class HedgeRules(msgspec.Struct, frozen=True, kw_only=True):
    """How one (owner, underlying) is hedged, and where; `backup` may act only beside an unknown order."""

    params: HedgeParams
    instrument: Instrument
    backup: Instrument | None

    @property
    def named(self) -> tuple[Instrument, ...]:
        """The instruments the net may be hedged with, the first one first."""
        return (self.instrument,) if self.backup is None else (self.instrument, self.backup)

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """The accounts the net may be hedged at."""
        return tuple(instrument.account for instrument in self.named)


class Traded(msgspec.Struct, frozen=True, gc=False):
    """An instrument that a seat trades, with the net and the position that its orders move."""

    instrument: Instrument
    net: NetKey
    position: PositionKey


class SeatRules(msgspec.Struct, frozen=True, kw_only=True):
    """A quoting strategy at its seat, and what it may do.

    Units: ns. `age_ns` and `traded` are worked out here: how old a book may be, and what it trades.
    """

    seat: Seat
    limits: QuoteLimits
    age_ns: int = 0
    traded: dict[InstrumentId, Traded] = {}

    def __post_init__(self) -> None:
        owner, put = self.seat.owner, msgspec.structs.force_setattr
        put(self, "age_ns", self.limits.book_age_ms_max * NS_PER_MS)
        put(self, "traded", {each.id: _traded_by(owner, each) for each in self.seat.instruments})


def _traded_by(owner: OwnerId, instrument: Instrument) -> Traded:
    return Traded(instrument, (owner, instrument.underlying), (owner, instrument.account, instrument.id))


class OfferRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the offers of one (owner, underlying) are kept."""

    params: OfferParams


class WalletRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the calls of one wallet on one chain are sent, and where its gas is booked.

    Units: seconds and percent as the names say; `coin_low` in units of the coin. A transaction that still waits after
    `bump_s` is replaced by one that pays `bump_percent` more, at most `bumps_max` times.
    Source: the submission constants of the reference (3 confirmations, 15 % x 4, 300 s to inclusion, 0.05 coin).
    """

    account: AccountId
    coin: AssetId
    limits: CallLimits
    coin_low: Decimal
    confirmations: int = 3
    bump_s: int = 60
    bump_percent: int = 15
    bumps_max: int = 4
    inclusion_s: int = 300


class VaultRules(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a vault that a wallet may move: whose it is, where it is kept, and how it is called.

    Needs: `token` and `book` are addresses in lower case; `words` make the bytes.
    """

    owner: OwnerId
    wallet: WalletKey
    token: str
    decimals: int
    book: str
    words: VaultWords


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the loop needs to know that no event tells.

    Units: residue_usd_max in USD; depeg_bps_max in basis points; resends_max counts sends after the first. `pegged`
    are the assets that should be worth one dollar. `traders`, `hedged` and `seat_keys` are worked out here: the nets
    whose orders may rest on an instrument, those that are hedged of an underlying, and the net under which the wakes of
    a seat are kept.
    """

    hedges: dict[NetKey, HedgeRules]
    instruments: dict[InstrumentId, Instrument]
    cards: dict[AccountId, VenueCard]
    chains: dict[SourceId, ChainId]
    limits: Limits
    marks: dict[AssetId, Price]
    residue_usd_max: Decimal
    depeg_bps_max: int
    resends_max: int
    config_digest: str
    pegged: tuple[AssetId, ...] = ()
    wallets: dict[WalletKey, WalletRules] = {}
    vaults: dict[tuple[AccountId, AssetId], VaultRules] = {}
    offers: dict[NetKey, OfferRules] = {}
    seats: dict[OwnerId, SeatRules] = {}
    monitors: dict[str, MonitorRules] = {}
    breakers: dict[OwnerId, BreakerLimits] = {}
    corrections: dict[AccountId, CorrectionRules] = {}
    traders: dict[InstrumentId, tuple[NetKey, ...]] = {}
    hedged: dict[Underlying, tuple[NetKey, ...]] = {}
    seat_keys: dict[OwnerId, NetKey] = {}

    def corrections_of(self, account: AccountId) -> CorrectionRules:
        """Returns how far the books of an account are corrected: never, unless its own rules say so."""
        return self.corrections.get(account, NEVER_CORRECTED)

    def keys_at(self, account: AccountId) -> tuple[NetKey, ...]:
        """Returns the nets whose strategies begin once an account was read: those that trade there first of all."""
        hedged = (key for key, hedge in self.hedges.items() if hedge.instrument.account == account)
        seated = (each.seat.key for each in self.seats.values() if each.seat.account == account)
        return (*hedged, *seated)

    def accounts_of(self, key: NetKey) -> tuple[AccountId, ...]:
        """Returns the accounts that the strategy of a net trades at; none where nobody is asked."""
        seated, hedge = self.seats.get(key[0]), self.hedges.get(key)
        if seated is not None:
            return (seated.seat.account,)
        return () if hedge is None else hedge.accounts

    def shares(self) -> frozenset[Underlying]:
        """Returns what is hedged: US shares, whose market has sessions."""
        return frozenset(underlying for _, underlying in self.hedges)

    def read_by_seats(self) -> tuple[InstrumentId, ...]:
        """Returns the instruments whose books strategies read: those that they trade, and those that they observe."""
        seats = (each.seat for each in self.seats.values())
        read = (name for seat in seats for name in (*(each.id for each in seat.instruments), *seat.observes))
        return tuple(dict.fromkeys(read))

    def read_by_monitors(self) -> tuple[InstrumentId, ...]:
        """Returns the instruments whose books and trades monitors read."""
        return tuple(dict.fromkeys(name for each in self.monitors.values() for name in each.instruments))

    def __post_init__(self) -> None:
        self._check_hedges()
        self._check_seats()
        msgspec.structs.force_setattr(self, "traders", self._traders())
        msgspec.structs.force_setattr(self, "hedged", self._hedged())
        keys = {owner: seated.seat.key for owner, seated in self.seats.items()}
        msgspec.structs.force_setattr(self, "seat_keys", keys)

    def _traders(self) -> dict[InstrumentId, tuple[NetKey, ...]]:
        found: dict[InstrumentId, dict[NetKey, None]] = {}
        for key, hedge in self.hedges.items():
            for instrument in hedge.named:
                found.setdefault(instrument.id, {})[key] = None
        for owner, seated in self.seats.items():
            for instrument in seated.seat.instruments:
                found.setdefault(instrument.id, {})[owner, instrument.underlying] = None
        return {instrument: tuple(keys) for instrument, keys in found.items()}

    def _hedged(self) -> dict[Underlying, tuple[NetKey, ...]]:
        found: dict[Underlying, tuple[NetKey, ...]] = {}
        for key in self.hedges:
            found[key[1]] = (*found.get(key[1], ()), key)
        return found

    def _check_seats(self) -> None:
        for owner, seated in self.seats.items():
            seat = seated.seat
            if seat.owner != owner or any(key[0] == owner for key in self.hedges):
                raise ValueError(f"the seat of {owner} must be its own, and no hedge may have the same owner")
            for instrument in seat.instruments:
                if instrument.product is Product.INVERSE_PERP:
                    raise ValueError(f"{owner} quotes on {instrument.id}: inverse perpetuals are not traded")
                if self.instruments.get(instrument.id) != instrument:
                    raise ValueError(f"{instrument.id} of {instrument.account} is quoted on and not configured")

    def _check_hedges(self) -> None:
        for key in self.offers:
            if key not in self.hedges:
                raise ValueError(f"offers of {key[0]} in {key[1]} that nobody hedges")
        for (owner, underlying), hedge in self.hedges.items():
            for instrument in hedge.named:
                if instrument.underlying != underlying:
                    raise ValueError(
                        f"{owner} hedges {underlying} with {instrument.id}, which is {instrument.underlying}"
                    )
                if self.instruments.get(instrument.id) != instrument:
                    raise ValueError(f"{instrument.id} of {instrument.account} is hedged with and not configured")
