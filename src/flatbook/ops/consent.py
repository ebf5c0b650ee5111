"""The consent to trade with real money: it names the accounts and the very configuration that was read."""

from __future__ import annotations

from flatbook.events.control import Mode
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import is_real_money

DIGEST_CHARS = 12


class ConsentMissing(Exception):
    """A live desk is not started: nobody has consented to its accounts and its configuration. Says what to do."""


def real_accounts(loaded: Loaded) -> tuple[str, ...]:
    """Returns the names of the accounts whose orders move real money, sorted."""
    return tuple(sorted(name for name, account in loaded.config.accounts.items() if is_real_money(account)))


def consent_to(loaded: Loaded) -> str | None:
    """Returns the text that consents to a live desk, None for a desk that is not live.

    Gives: any value of the configuration that is changed, but for secrets and logging, makes it another text.
    """
    if loaded.config.mode is not Mode.LIVE:
        return None
    return f"{'+'.join(real_accounts(loaded))}@{loaded.digest[:DIGEST_CHARS]}"


def check_consent(loaded: Loaded, given: str | None) -> None:
    """Passes when a desk is not live, or its text of consent was given.

    Errors: ConsentMissing.
    """
    wanted = consent_to(loaded)
    if wanted is None or given == wanted:
        return
    names = ", ".join(real_accounts(loaded))
    if given is None:
        raise ConsentMissing(f"this desk trades with real money at {names}: it needs consent")
    raise ConsentMissing(f"the consent {given!r} is not that to {names} with this configuration")
