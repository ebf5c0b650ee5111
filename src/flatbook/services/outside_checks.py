"""What may be wrong with the outside of a desk: its nodes and its accounts, each asked once, nothing changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import Absent, Unknown
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import AlpacaAccount, AlpacaApi, SchwabAccount, SimulatedAccount, is_real_money
from flatbook.ops.config_chains import NodesChain
from flatbook.ops.config_read import ConfigRefused
from flatbook.ops.config_urls import is_loopback
from flatbook.ops.doctor import Finding, Verdict
from flatbook.ops.secret_value import SecretRefused
from flatbook.services.exchange_checks import of_exchange
from flatbook.services.live_accounts import Line
from flatbook.services.live_chains import TAGS, Wire
from flatbook.services.outside import Outside
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, later
from flatbook.venues.alpaca import wire as alpaca
from flatbook.venues.evm.answers import Header, block_call, header_of, number_of
from flatbook.venues.evm.log_source import Tag
from flatbook.venues.evm.rpc import Call, Outcome, Result
from flatbook.venues.http import Carried, Reply, clock_of
from flatbook.venues.schwab import parse as schwab_parse
from flatbook.venues.schwab import wire as schwab
from flatbook.venues.schwab.lanes import Lane
from flatbook.venues.schwab.tokens import hours_left, warning_h

TIMEOUT_S = 10
HEAD_AGE_WARN_S = 60
HEADS_APART_WARN = 20
FIRST_BLOCK_AHEAD_MAX = 1_000
CLOCK_WARN_MS = 250
ACTIVE = "ACTIVE"
LOG_IN = "flatbook auth schwab"


class WireAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account at Alpaca, as far as it says whether orders may be sent. Fields of no interest are left out."""

    id: str = ""
    account_number: str = ""
    status: str = ""
    trading_blocked: bool = False
    account_blocked: bool = False
    trade_suspended_by_user: bool = False
    transfers_blocked: bool | None = None
    shorting_enabled: bool = False


def examine_outside(loaded: Loaded) -> tuple[Finding, ...]:
    """Returns the findings on all nodes and accounts of a configuration; none where it has none."""
    try:
        return asyncio.run(_examined(loaded))
    except (SecretRefused, ConfigRefused) as refused:
        return (_finding("outside", Verdict.FAIL, str(refused), "set the secret, or correct what it holds"),)


async def _examined(loaded: Loaded) -> tuple[Finding, ...]:
    clock = SystemClock(loaded.config.clock.shift_s)
    outside = Outside(loaded, clock)
    findings: list[Finding] = []
    try:
        for name, chain in loaded.config.chains.items():
            if isinstance(chain, NodesChain):
                findings += await _of_chain(name, chain, outside.wires[name], clock)
        for name, account in loaded.config.accounts.items():
            if isinstance(account, AlpacaAccount):
                findings += await _of_alpaca(name, account, outside.lines[name], clock)
            elif isinstance(account, SchwabAccount):
                findings += await _of_schwab(name, account, outside.lines[name], clock)
            elif not isinstance(account, SimulatedAccount):
                findings += await of_exchange(loaded, name, outside.lines[name], clock)
    finally:
        await outside.close()
    return tuple(findings)


def _finding(check: str, verdict: Verdict, found: str, remedy: str = "") -> Finding:
    return Finding(check=check, verdict=verdict, found=found, remedy=remedy)


# Nodes.


async def _of_chain(name: str, chain: NodesChain, wires: Sequence[Wire], clock: Clock) -> list[Finding]:
    findings, heads = list(_of_hosts(name, wires)), dict[str, Header]()
    tags = dict.fromkeys((Tag.LATEST, Tag.FINALIZED, TAGS[chain.hedge_at]))
    calls = (Call(method="eth_chainId"), *(block_call(tag.value) for tag in tags))
    for wire in wires:
        chain_id, *blocks = await wire.node.ask(calls)
        node = f"node {name}.{wire.node.name}"
        findings += _of_node(node, chain.id, chain_id, list(zip(tags, blocks, strict=True)))
        head = header_of(blocks[0].value) if isinstance(blocks[0], Result) else None
        if head is not None:
            heads[node] = head
    return [*findings, *_of_heads(name, heads, clock.now()), *_of_first_block(name, chain, heads)]


def _of_hosts(name: str, wires: Sequence[Wire]) -> Iterator[Finding]:
    """Finds nodes behind one address: what they agree on, one machine says twice."""
    seen: dict[str, str] = {}
    for wire in wires:
        other = seen.setdefault(wire.host, wire.node.name)
        if other != wire.node.name:
            verdict = Verdict.WARN if is_loopback(wire.host.partition(":")[0]) else Verdict.FAIL
            text = f"{other} and {wire.node.name} are one host: whatever it says is believed"
            yield _finding(f"nodes {name}", verdict, text, "name nodes of two providers")


def _of_node(node: str, wanted: int, chain_id: Outcome, blocks: Sequence[tuple[Tag, Outcome]]) -> Iterator[Finding]:
    if not isinstance(chain_id, Result):
        yield _finding(node, Verdict.FAIL, chain_id.detail, "look at its address, its key, and the network")
        return
    served = number_of(chain_id.value)
    if served != wanted:
        yield _finding(node, Verdict.FAIL, f"serves chain {served}, not {wanted}", "correct its address or chains.id")
        return
    missing = [tag.value for tag, block in blocks if not isinstance(block, Result) or header_of(block.value) is None]
    if missing:
        text = f"does not serve the block {' or '.join(missing)}"
        yield _finding(node, Verdict.FAIL, text, "use another node, or another hedge_at")
    else:
        yield _finding(node, Verdict.OK, f"serves chain {wanted}, and {', '.join(tag.value for tag, _ in blocks)}")


def _of_heads(name: str, heads: dict[str, Header], now: Instant) -> Iterator[Finding]:
    for node, head in heads.items():
        age_s = (now - head.at) // NS_PER_S
        if abs(age_s) > HEAD_AGE_WARN_S:
            text = f"its newest block, {head.number}, is {age_s} s old by our clock"
            yield _finding(node, Verdict.WARN, text, "the node is behind, or our clock is wrong")
    numbers = [head.number for head in heads.values()]
    if numbers and max(numbers) - min(numbers) > HEADS_APART_WARN:
        text = f"their newest blocks are {max(numbers) - min(numbers)} apart"
        yield _finding(f"nodes {name}", Verdict.WARN, text, "fills are taken at the slower one: replace it")


def _of_first_block(name: str, chain: NodesChain, heads: dict[str, Header]) -> Iterator[Finding]:
    """Finds a first block that no node has yet: nothing would be read, and nobody told."""
    newest = max((head.number for head in heads.values()), default=chain.first_block)
    if chain.first_block > newest + FIRST_BLOCK_AHEAD_MAX:
        text = f"first_block {chain.first_block} lies beyond the newest block, {newest}: nothing would be read"
        yield _finding(f"nodes {name}", Verdict.FAIL, text, f"correct chains.{name}.first_block")


# Accounts.


async def _of_alpaca(name: str, account: AlpacaAccount, line: Line, clock: Clock) -> list[Finding]:
    is_broker = account.api is AlpacaApi.BROKER
    api = alpaca.broker_api(account.account_id) if is_broker else alpaca.trading_api()
    assert line.http is not None, "the line of an account at Alpaca has one"
    asked_at = clock.now()
    reply = await line.http.send(alpaca.account_request(api), later(asked_at, seconds=TIMEOUT_S))
    check = f"account {name}"
    found = _read(reply)
    if isinstance(found, str) or not isinstance(reply, Reply):
        return [_finding(check, Verdict.FAIL, str(found), "look at the keys, the environment and the network")]
    return [*_of_account(check, account, found), *_of_clock(check, reply, asked_at, clock.now())]


def _read(reply: Carried) -> WireAccount | str:
    if not isinstance(reply, Reply):
        return f"no answer: {reply.reason.value}"
    if reply.status in (401, 403):
        return f"the keys are not taken there (HTTP {reply.status})"
    try:
        return msgspec.json.decode(reply.body, type=WireAccount)
    except (msgspec.MsgspecError, RecursionError):
        return f"the answer is no account (HTTP {reply.status})"


def _of_account(check: str, account: AlpacaAccount, found: WireAccount) -> Iterator[Finding]:
    if account.account_id not in (found.id, found.account_number):
        text = "the keys belong to another account than account_id names"
        yield _finding(check, Verdict.FAIL, text, "correct account_id, or use the keys of that account")
        return
    if found.status != ACTIVE:
        yield _finding(check, Verdict.FAIL, f"is {found.status or 'in no state'}, not {ACTIVE}", "ask Alpaca")
    elif found.trading_blocked or found.account_blocked or found.trade_suspended_by_user:
        yield _finding(check, Verdict.FAIL, "is blocked for trading", "ask Alpaca, or lift the suspension there")
    else:
        money = "real money" if is_real_money(account) else "no real money"
        yield _finding(check, Verdict.OK, f"{ACTIVE} at Alpaca, {money}")
    if is_real_money(account) and found.transfers_blocked is False:
        text = "money may be withdrawn from it, and Alpaca does not say whether these keys may"
        yield _finding(check, Verdict.WARN, text, "block transfers there while the desk trades")


async def _of_schwab(name: str, account: SchwabAccount, line: Line, clock: Clock) -> list[Finding]:
    check = f"account {name}"
    assert line.schwab is not None, "the line of an account at Schwab is one"
    asked_at = clock.now()
    reply = await line.schwab.ask(schwab.account_numbers_request(), Lane.READ, TIMEOUT_S)
    findings = list(_of_login(check, line, clock.now()))
    if not isinstance(reply, Reply):
        return [*findings, _finding(check, Verdict.FAIL, f"no answer: {reply.reason.value}", LOG_IN)]
    answer = schwab_parse.hash_answer(reply, number=account.number)
    if isinstance(answer, Unknown):
        findings.append(_finding(check, Verdict.FAIL, f"the answer says nothing (HTTP {reply.status})", LOG_IN))
    elif isinstance(answer, Absent):
        text = "the login does not reach the account that number names"
        findings.append(_finding(check, Verdict.FAIL, text, "log in as its owner, or correct the number"))
    else:
        findings.append(_finding(check, Verdict.OK, "reached at Schwab"))
    return [*findings, *_of_clock(check, reply, asked_at, clock.now())]


def _of_login(check: str, line: Line, now: Instant) -> Iterator[Finding]:
    tokens = None if line.login is None else line.login.tokens
    if tokens is None:
        yield _finding(check, Verdict.FAIL, "nobody is logged in", LOG_IN)
        return
    hours = hours_left(tokens, now)
    verdict = Verdict.OK if warning_h(tokens, now) is None else Verdict.WARN
    yield _finding(check, verdict, f"the login lasts {hours // 24} days and {hours % 24} hours", LOG_IN)


def _of_clock(check: str, reply: Reply, asked_at: Instant, answered_at: Instant) -> Iterator[Finding]:
    """Compares our clock with the second that a broker states: it cannot tell less than what lies outside of it."""
    reading = clock_of(reply, asked_at=asked_at, answered_at=answered_at)
    if reading is None:
        return
    ahead_ms = max(asked_at - reading.latest, 0) // NS_PER_MS
    behind_ms = max(reading.earliest - answered_at, 0) // NS_PER_MS
    if max(ahead_ms, behind_ms) > CLOCK_WARN_MS:
        word = "ahead of" if ahead_ms else "behind"
        text = f"our clock is at least {max(ahead_ms, behind_ms)} ms {word} the broker's"
        yield _finding(check, Verdict.FAIL, text, "set the machine's clock (NTP)")
