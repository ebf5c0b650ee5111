"""Cases of kind `symbols`: which ticker a token name stands for, in the naming of an era."""

from __future__ import annotations

from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant, instant_of_text
from flatbook.venues.raindex.tokens import TickerRename, TokenForm, ticker_of_symbol, underlying_at
from tests.vectors.outcome import Case, NotDue

FORMS_OF_ERA = {
    "seed": (TokenForm.SUFFIX_0X, TokenForm.SUFFIX_S1, TokenForm.PREFIX_T),
    "unwrapped": (TokenForm.PREFIX_T,),
    "wrapped": (TokenForm.PREFIX_WT,),
    "any": tuple(TokenForm),
}
ALWAYS = Instant(0)


def accepted_forms(case: Case) -> tuple[TokenForm, ...]:
    """Returns the forms that a case accepts: as it lists them, as its era had them, or all."""
    if "accepted_forms" in case:
        return tuple(TokenForm(form) for form in case["accepted_forms"])
    return FORMS_OF_ERA[str(case.get("era", "any"))]


def renames_of(case: Case) -> tuple[TickerRename, ...]:
    """Returns the ticker map of a case."""
    return tuple(
        TickerRename(old=Underlying(old), new=Underlying(new), since=None)
        for old, new in case.get("ticker_map", {}).items()
    )


def run(case: Case) -> str | None:
    """Compares the ticker inside a token name with the broker symbol of the case."""
    if "token_symbol" not in case or "broker_symbol" not in case:
        raise NotDue("no token name and broker symbol to compare")
    at = instant_of_text(f"{case['date']}T00:00:00Z") if "date" in case else ALWAYS
    ticker = ticker_of_symbol(case["token_symbol"], accepted_forms(case))
    found = None if ticker is None else underlying_at(Underlying(ticker), renames_of(case), at)
    return None if found == case["broker_symbol"] else f"expected {case['broker_symbol']!r}, found {found!r}"
