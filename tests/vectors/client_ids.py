"""Cases of kind `client_ids`: which ids venues take.

Cases of an id that carries price, side and clock are not due: ours are derived from what caused the order, and carry
nothing.
"""

from __future__ import annotations

from flatbook.venues.client_ids import ID_FORMS, id_sent_to, is_taken
from tests.vectors.outcome import Case, NotDue


def run(case: Case) -> str | None:
    """Compares the rules of venues, and whether they take an id."""
    given, wanted = case["input"], case["expected"]
    if case["id"] == "venue_rules":
        found = {
            name: {"max_len": form.length_max, "regex": form.pattern, "prefix": form.prefix or None}
            for name, form in ID_FORMS.items()
        }
        return None if found == wanted else f"expected {wanted}, found {found}"
    if "venue" in given:
        taken = is_taken(given["venue"], given["id"])
        return None if taken is wanted else f"expected {wanted}, found {taken}"
    if not isinstance(wanted, dict) or not all(isinstance(each, bool) for each in wanted.values()):
        raise NotDue("ids of ours carry no price, side or clock")
    takes = {venue: is_taken(venue, id_sent_to(venue, given["id"])) for venue in wanted}
    return None if takes == wanted else f"expected {wanted}, found {takes}"
