"""Handing a command to the engine once, and telling what became of it."""

from __future__ import annotations

import msgspec
from litestar import Response

from flatbook.api.access import Access
from flatbook.api.access_scopes import Actor
from flatbook.api.commands_answered import once
from flatbook.api.commands_bodies import Body, CommandTaken
from flatbook.api.commands_effects import Seen, preview_of
from flatbook.api.commands_jobs import Jobs
from flatbook.api.commands_once import Known
from flatbook.api.problems import Code, Problem
from flatbook.api.site import Site, View
from flatbook.engine.agreed import IT_HAS_CHANGED
from flatbook.engine.inputs import STOPPING, Verb
from flatbook.engine.run import CommandAnswer
from flatbook.events.refs import halt_id_of_command
from flatbook.ops.control_client import AnswerMissing, ControlFault, NotRunning, RequestFailed

ANSWER_S = 15
SAME_KEY = "give it again with the same key: it is not done twice"


class Sender:
    """What carries commands out: the door that knows their keys, the engine that does them, and kills on their way."""

    def __init__(self, access: Access, site: Site, jobs: Jobs) -> None:
        self._access, self._site, self.jobs = access, site, jobs

    async def send(self, actor: Actor, path: str, key: str | None, body: Body) -> Response[bytes]:
        """Carries a command out, or answers as before where its key is known.

        Errors: Problem.
        """
        asked = (path, msgspec.json.encode(body))
        return await once(
            self._access.answers, actor.name, key, asked, lambda checked: self._carry_out(actor, checked, body)
        )

    async def _carry_out(self, actor: Actor, key: str, body: Body) -> Known:
        if body.must_be_agreed and body.expected_version is None:
            raise await self._stale(body)
        before = self.jobs.before() if body.verb is Verb.KILL else {}
        answer = await self._ask(actor, key, body)
        if not answer.accepted:
            raise await self._stale(body) if answer.why == IT_HAS_CHANGED else _refusal(answer)
        arguments, job = body.arguments(), None
        if body.verb is Verb.KILL:
            job = await self.jobs.give(actor.name, arguments.get("account"), answer.seq, before)
        halt_id = halt_id_of_command(body.verb.value, arguments) if body.verb is Verb.HALT else None
        taken = CommandTaken(
            key=key,
            verb=body.verb.value,
            actor=actor.name,
            seq=answer.seq,
            repeated=answer.repeated,
            halt_id=halt_id,
            job=job,
            note=answer.note,
        )
        return Known(status=200 if job is None else 202, body=msgspec.json.encode(taken))

    async def _stale(self, body: Body) -> Problem:
        """Returns that nobody saw what a command would do now, and what that is."""
        preview = preview_of(seen_of(self._site, await self._site.present_with_own()), body.verb, body.arguments())
        text = "look at what it would do, and send the version of that as expected_version"
        return Problem(409, Code.PREVIEW_STALE, text, preview=msgspec.to_builtins(preview))

    async def _ask(self, actor: Actor, key: str, body: Body) -> CommandAnswer:
        command = {
            "key": f"{actor.name}/{key}",
            "actor": actor.name,
            "reason": body.reason,
            "verb": body.verb.value,
            "arguments": body.arguments(),
            "expected": body.expected_version,
        }
        try:
            asked, stops = {"kind": "command", "command": command}, body.verb in STOPPING
            answered = await self._site.live.ask(asked, ANSWER_S, stops=stops)
        except ControlFault as fault:
            raise _problem_of(fault, body.verb) from fault
        answer = msgspec.convert(answered, CommandAnswer)
        if answer.seq is not None:
            self._site.answered(answer.seq)
        return answer


def seen_of(site: Site, view: View) -> Seen:
    """Returns what previews of a moment are made of."""
    return Seen(site.holdings(view), view.moment, site.rules, site.now)


def _refusal(answer: CommandAnswer) -> Problem:
    """Returns why a command was not done: refused with an event of the journal, or not taken at this moment."""
    why = answer.why or ""
    if answer.seq is None:
        return Problem(503, Code.ENGINE_BUSY, why, headers={"retry-after": "1"})
    return Problem(422, Code.COMMAND_REFUSED, why, seq=answer.seq)


def _problem_of(fault: ControlFault, verb: Verb) -> Problem:
    if isinstance(fault, NotRunning):
        stop = " and what may rest at venues stays there: look at GET /api/v1/orders" if verb in STOPPING else ""
        return Problem(503, Code.ENGINE_NOT_RUNNING, f"no engine runs: nothing was done{stop}")
    if isinstance(fault, AnswerMissing):
        return Problem(504, Code.ENGINE_SILENT, f"{fault}; {SAME_KEY}")
    if isinstance(fault, RequestFailed) and fault.error == "timed_out":
        return Problem(504, Code.ENGINE_SILENT, f"{fault}; {SAME_KEY}")
    if isinstance(fault, RequestFailed) and fault.error == "stopping":
        return Problem(503, Code.ENGINE_NOT_RUNNING, str(fault))
    return Problem(503, Code.ENGINE_BUSY, str(fault), headers={"retry-after": "1"})
