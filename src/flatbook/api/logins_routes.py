"""Routes by which an administrator renews a login at a venue: where to log in, and what the browser ended at."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter, SkipValidation
from litestar.types import ControllerRouterHandler

from flatbook.api.access_routes import AtDoor, Key, actor_of
from flatbook.api.access_scopes import Lane
from flatbook.api.commands_answered import once
from flatbook.api.commands_once import Known
from flatbook.api.logins import LoginAddress, LoginRenewed, Logins
from flatbook.api.routes import problems, reading

NAME_TEXT_MAX = 64
ADDRESS_PATTERN = r"^[!-~]{1,8192}(?!\n)$"

AtLogins = NamedDependency[SkipValidation[Logins]]
AccountName = Annotated[str, PathParameter(description="An account at Charles Schwab.", max_length=NAME_TEXT_MAX)]


class RenewLogin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address that the browser ended at after a person logged in. A code in it lives half a minute."""

    redirected: Annotated[str, msgspec.Meta(pattern=ADDRESS_PATTERN, description="One line, without a space.")]


@reading("/logins/{account:str}/address", "Where a person logs in", tag="logins", opt={"scope": "admin"})
async def login_address(logins: AtLogins, account: AccountName) -> LoginAddress:
    """Tells where a person logs in for an account, asked of `flatbook auth address` in a process of its own."""
    return await logins.address(account)


@post(
    "/api/v1/logins/{account:str}",
    opt={"scope": "admin", "lane": Lane.COMMAND},
    tags=["logins"],
    summary="Renew a login",
    status_code=200,
    responses={
        200: ResponseSpec(LoginRenewed, description="Somebody is logged in.", generate_examples=False),
        **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
    },
)
async def renew_login(
    request: Request[Any, Any, Any],
    access: AtDoor,
    logins: AtLogins,
    account: AccountName,
    data: JSONBody[RenewLogin],
    key: Key = None,
) -> Response[bytes]:
    """Makes a login out of the address that was pasted, by `flatbook auth schwab` in a process of its own.

    The address is handed on and kept nowhere. A running desk picks the login up by itself and lifts its halt.
    """
    actor = actor_of(request)

    async def renew(_key: str) -> Known:
        renewed = await logins.renew(account, data.redirected)
        access.note(actor, f"renew login {account}", "login_renewed", f"until {renewed.login_ends_at}")
        return Known(status=200, body=msgspec.json.encode(renewed))

    return await once(access.answers, actor.name, key, (request.url.path, msgspec.json.encode(data)), renew)


ROUTES: tuple[ControllerRouterHandler, ...] = (login_address, renew_login)
