"""What every changing request goes through: a key of its own, carried out once, and answered the same ever after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from litestar import Response

from flatbook.api.commands_once import Answers, Begun, Known, digest_of, is_key
from flatbook.api.problems import MEDIA_TYPE, Code, Problem

KEY_HEADER = "idempotency-key"
REPLAYED = {"idempotency-replayed": "true"}
JSON = "application/json"

Work = Callable[[str], Awaitable[Known]]


async def once(answers: Answers, actor: str, key: str | None, asked: tuple[str, bytes], work: Work) -> Response[bytes]:
    """Does what is asked under a key, or answers as before where it was done. `asked` is the path and the body.

    Errors: Problem; where nothing is known of what became of it, the same key may be given again.
    """
    key = check_key(key)
    begun = answers.begin(actor, key, digest_of(*asked))
    if isinstance(begun, Known):
        return _response(begun, headers=REPLAYED)
    if begun is Begun.OTHER_BODY:
        raise Problem(409, Code.KEY_REUSED, "the key was that of another command: give this one a key of its own")
    if begun is Begun.UNDER_WAY:
        raise Problem(409, Code.UNDER_WAY, "this command is on its way", headers={"retry-after": "1"})
    known: Known | None = None
    try:
        known = await work(key)
    except Problem as problem:
        if problem.code is Code.COMMAND_REFUSED:
            known = Known(status=problem.status, body=problem.bytes())
        raise
    finally:
        answers.end(actor, key, known)
    return _response(known)


def check_key(key: str | None) -> str:
    """Returns the idempotency key that a changing request must carry.

    Errors: Problem.
    """
    if key is None or not is_key(key):
        text = "a header Idempotency-Key of 8 to 64 letters, digits, - and _ is needed: a new one for each command"
        raise Problem(400, Code.KEY_MISSING, text)
    return key


def _response(known: Known, headers: dict[str, str] | None = None) -> Response[bytes]:
    kind = MEDIA_TYPE if known.status >= 400 else JSON
    return Response(known.body, status_code=known.status, media_type=kind, headers=headers)
