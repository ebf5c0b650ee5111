"""What a command would do now: the orders, nets and halts it touches, told before it is agreed to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from flatbook.api.answers.holdings import Holdings
from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.risk import risk_answer, use_text
from flatbook.engine.agreed import Hedged, open_nets, version_of
from flatbook.engine.inputs import Verb
from flatbook.engine.rules import Rules
from flatbook.events.control import HaltCause, HaltScope
from flatbook.projections.open_orders import OpenOrder, open_orders
from flatbook.projections.positions import NetLine, held_fills
from flatbook.risk.limits import CONFIGURED, why_not_told
from flatbook.state.halts import Halt, must_cancel
from flatbook.values.ids import AccountId, HaltId, OrderId
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.money import ZERO, parse_number, plain

Arguments = Mapping[str, str]


class NetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A net that is touched. Units: shares, signed; USD, None where nobody knows a price."""

    owner: str
    underlying: str
    net: str
    usd: str | None


class HaltRow(msgspec.Struct, frozen=True, kw_only=True):
    """A halt that is touched."""

    halt_id: str
    scope: str
    target: str
    cause: str
    reason: str
    halted_at: str


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that is set, of one scope: what it is and becomes, and how much of it is used before and after.

    Units: as `unit` says; `use_pct` and `use_pct_then` in percent, None where it bounds single orders or what it bounds
    cannot be valued. `is_over`: more is used than it will allow, so that what opens is refused from then on.
    """

    name: str
    scope: str
    unit: str
    configured: str
    limit: str
    to: str
    current: str | None
    use_pct: str | None
    use_pct_then: str | None
    is_over: bool


class EffectBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a command touches: orders that it cancels or asks for, nets that it trades, halts that it lifts, limits.

    `refused` says why the engine would refuse it now, where that is known before it is sent.
    """

    orders: list[OpenOrder] = []
    nets: list[NetRow] = []
    halts: list[HaltRow] = []
    limits: list[LimitRow] = []
    warnings: list[str] = []
    refused: str | None = None


class PreviewAnswer(Answer, frozen=True, kw_only=True):
    """What a command would do, as of an event; `confirm` is what a person types to agree.

    `version` names what it touches: sent back as expected_version, it lets the command be done only while that stands.
    """

    verb: str
    effect: EffectBody
    version: str
    confirm: str


class Seen(NamedTuple):
    """What a preview is made of: what a desk holds, the moment that it is of, and by which rules it is read."""

    held: Holdings
    moment: AsOf
    rules: Rules
    now: Instant

    @property
    def hedged(self) -> Hedged:
        """The nets that are hedged."""
        return self.rules.hedges


def preview_of(seen: Seen, verb: Verb, arguments: Arguments) -> PreviewAnswer:
    """Returns what a command would do now.

    Gives: the version that the engine compares with its own when it decides the command.
    """
    return PreviewAnswer(
        as_of=seen.moment,
        verb=verb.value,
        effect=_EFFECTS[verb](seen, arguments),
        version=version_of(seen.held.state, seen.hedged, verb, arguments),
        confirm=verb.value.replace("_", " "),
    )


def _nets(seen: Seen, arguments: Arguments) -> list[NetLine]:
    """Returns the nets that are hedged, not zero, and named, or all of them where none is."""
    keys = open_nets(seen.held.state, seen.hedged, arguments.get("owner"), arguments.get("underlying"))
    return [line for line in seen.held.lines if line.key in keys]


def _rows(lines: Iterable[NetLine]) -> list[NetRow]:
    return [
        NetRow(
            owner=line.owner,
            underlying=line.underlying,
            net=plain(line.exposure.net),
            usd=None if line.usd is None else plain(line.usd),
        )
        for line in lines
    ]


def _halt(seen: Seen, arguments: Arguments) -> EffectBody:
    halt = Halt(
        halt_id=HaltId(""),
        scope=HaltScope(arguments.get("scope", HaltScope.ALL.value)),
        target=arguments.get("target", ""),
        cause=HaltCause.OPERATOR,
        reason="",
        halted_at=max((order.decided_at for order in seen.held.state.orders.values()), default=Instant(0)),
    )
    orders = seen.held.state.orders
    goes = [
        order
        for order in open_orders(seen.held.state)
        if (ours := orders.get(OrderId(order.order_id))) and must_cancel({halt.halt_id: halt}, ours)
    ]
    nets = _nets(seen, {})
    warnings = [f"{len(nets)} nets are open and stay open where they are halted"] if nets else []
    return EffectBody(orders=goes, nets=_rows(nets), warnings=warnings)


def _kill(seen: Seen, arguments: Arguments) -> EffectBody:
    nets = _nets(seen, {})
    warnings = ["orders that only reduce are canceled too: what is open stays open"] if nets else []
    goes = [each for each in open_orders(seen.held.state) if arguments.get("account") in (None, each.account)]
    return EffectBody(orders=goes, nets=_rows(nets), warnings=warnings)


def _order(seen: Seen, arguments: Arguments) -> EffectBody:
    named = arguments.get("order_id")
    return EffectBody(orders=[each for each in open_orders(seen.held.state) if each.order_id == named])


def _cancel(seen: Seen, arguments: Arguments) -> EffectBody:
    effect = _order(seen, arguments)
    warning = "its strategy may order anew: halt first where it must not"
    return msgspec.structs.replace(effect, warnings=[warning] if effect.orders else ["no such order is open"])


def _lift(seen: Seen, arguments: Arguments) -> EffectBody:
    halt = seen.held.state.halts.get(HaltId(arguments.get("halt_id", "")))
    if halt is None:
        return EffectBody(warnings=["no such halt stands"])
    row = HaltRow(
        halt_id=halt.halt_id,
        scope=halt.scope.value,
        target=halt.target,
        cause=halt.cause.value,
        reason=halt.reason,
        halted_at=text_of_instant(halt.halted_at),
    )
    others = len(seen.held.state.halts) - 1
    warnings = [f"{others} other halts stand on their own"] if others else []
    asked = seen.held.state.halts_asked.get(halt.halt_id, ())
    warnings += [f'{each.actor} wanted it, too: "{each.reason}"' for each in asked[1:]]
    return EffectBody(halts=[row], nets=_rows(_nets(seen, {})), warnings=warnings)


def _drain(seen: Seen, _arguments: Arguments) -> EffectBody:
    warning = "nothing more is read from chains; once the hedges are done the engine stops"
    return EffectBody(orders=list(open_orders(seen.held.state)), nets=_rows(_nets(seen, {})), warnings=[warning])


def _flatten(seen: Seen, arguments: Arguments) -> EffectBody:
    nets = _nets(seen, arguments)
    keys = [(line.owner, line.underlying) for line in nets]
    orders = seen.held.state.orders
    working = [
        order
        for order in open_orders(seen.held.state)
        if (ours := orders.get(OrderId(order.order_id))) and (ours.owner, ours.underlying) in keys
    ]
    warnings = [] if nets else ["nothing to flatten: every net asked for is zero"]
    unpriced = [line.underlying for line in nets if line.usd is None]
    warnings += [f"nobody knows what {underlying} is worth" for underlying in unpriced]
    return EffectBody(orders=working, nets=_rows(nets), warnings=warnings)


def _one_net(seen: Seen, arguments: Arguments) -> EffectBody:
    effect = _flatten(seen, arguments)
    warnings = [] if effect.nets else ["this net is zero, or nobody hedges it"]
    return EffectBody(orders=effect.orders, nets=effect.nets, warnings=warnings)


def _place(seen: Seen, arguments: Arguments) -> EffectBody:
    effect = _one_net(seen, arguments)
    said = f"{arguments['side']} {arguments['qty']} at {arguments['limit']} or better, for {arguments['good_s']} s"
    return msgspec.structs.replace(effect, warnings=[said, *effect.warnings])


def _set_limit(seen: Seen, arguments: Arguments) -> EffectBody:
    """Says what a limit becomes, and how much of it is used then; or why it cannot be that."""
    name, text, rules = arguments["name"], arguments["to"], seen.rules
    if (why := why_not_told(rules.limits, seen.held.state.limits, name, text)) is not None:
        return EffectBody(warnings=[why], refused=why)
    configured = ZERO + getattr(rules.limits, name)
    to = configured if text == CONFIGURED else parse_number(text)
    rows = [
        LimitRow(
            name=name,
            scope=each.scope,
            unit=each.unit,
            configured=plain(configured),
            limit=each.limit,
            to=plain(to),
            current=each.current,
            use_pct=each.use_pct,
            use_pct_then=None if each.current is None else use_text(parse_number(each.current), to),
            is_over=each.current is not None and parse_number(each.current) > to,
        )
        for each in risk_answer(seen.held, seen.moment, rules, seen.now).limits
        if each.name == name and each.command is not None
    ]
    over = [f"{row.scope} uses {row.current} {row.unit}: what opens there is refused" for row in rows if row.is_over]
    now = rows[0].limit if rows else plain(configured)
    return EffectBody(
        limits=rows,
        warnings=[f"{name} is {now} now, configured {plain(configured)}: it becomes {plain(to)}", *over],
    )


def _release(seen: Seen, arguments: Arguments) -> EffectBody:
    log = f"{arguments['chain']}:{arguments['tx']}:{arguments['log_index']}"
    fill = next((each for each in held_fills(seen.held.state) if each.log == log), None)
    if fill is None or fill.assumed:
        why = "no such fill is held" if fill is None else "this fill waits for its value, not for a decision"
        return EffectBody(warnings=[why], refused=why)
    what = " ".join(
        each for each in (fill.side and fill.side.value, fill.shares and plain(fill.shares), fill.underlying) if each
    )
    will = "it is hedged" if arguments["hedge"] == "yes" else "it is left unhedged for good"
    return EffectBody(warnings=[f"{what or log}, held for {fill.reason.replace('_', ' ')}: {will}"])


def _nothing(_seen: Seen, _arguments: Arguments) -> EffectBody:
    return EffectBody(warnings=["every venue is asked, and nothing is corrected"])


def _reconnect(seen: Seen, arguments: Arguments) -> EffectBody:
    """Says which books are unfit for a while, and what rests there meanwhile."""
    account, rules = AccountId(arguments["account"]), seen.rules
    read = dict.fromkeys((*rules.read_by_seats(), *rules.read_by_monitors()))
    books = [name for name in read if rules.instruments[name].account == account]
    unfit = f"{', '.join(books)}: unfit until whole again, and what trades on them waits" if books else ""
    warning = unfit or "no book is observed there: only what it tells of orders is heard anew"
    return EffectBody(
        orders=[each for each in open_orders(seen.held.state) if each.account == account],
        warnings=[warning, "orders stay as they are, and are polled meanwhile"],
    )


_EFFECTS: dict[Verb, Callable[[Seen, Arguments], EffectBody]] = {
    Verb.HALT: _halt,
    Verb.KILL: _kill,
    Verb.ORDER_CANCEL: _cancel,
    Verb.LIFT: _lift,
    Verb.DRAIN: _drain,
    Verb.FLATTEN: _flatten,
    Verb.ORDER_PLACE: _place,
    Verb.LIMIT_SET: _set_limit,
    Verb.HEDGE_NOW: _one_net,
    Verb.ORDER_RECHECK: _order,
    Verb.FILL_RELEASE: _release,
    Verb.RECONCILE: _nothing,
    Verb.RECONNECT: _reconnect,
}
