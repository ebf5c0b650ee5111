"""`flatbook secrets`: named in the configuration, kept elsewhere, never shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, show

if TYPE_CHECKING:
    from flatbook.ops.secret_value import Places

SECRET_BYTES_MAX = 65_536


def keep(
    name: Annotated[str, says("The name under [secrets] in the configuration.")],
    /,
    *,
    where: Where = HERE,
) -> None:
    """Keeps a secret where the configuration says. The value is read from standard input, never from an argument.

    At a terminal it is asked for and not shown; in a script: printf %s "$KEY" | flatbook secrets set NAME.
    """
    from flatbook.ops.secret_value import Secret
    from flatbook.ops.secrets import set_secret

    places = _places(where)
    if name not in places.references:
        known = ", ".join(sorted(places.references)) or "none is named"
        do = f'add "{name}" = "keyring:flatbook/{name}" under [secrets]'
        raise Failed(Exit.USAGE, f"no secret has this name; known: {known}", where=name, do=do)
    place = set_secret(places, name, Secret(_read_value(name)))
    body = {"name": name, "place": place}
    show("secrets.set", body, lambda: (f"{name} is kept in {place}",), as_json=where.as_json)


def _read_value(name: str) -> str:
    if sys.stdin.isatty():
        from getpass import getpass

        value = getpass(f"{name}: ")
    else:
        value = sys.stdin.read(SECRET_BYTES_MAX + 1).removesuffix("\n")
    if not value or len(value) > SECRET_BYTES_MAX:
        raise Failed(
            Exit.USAGE, f"a secret of 1 to {SECRET_BYTES_MAX} characters is expected on standard input", where=name
        )
    return value


def names(*, where: Where = HERE) -> None:
    """Lists the names of the secrets and where each one is kept."""
    from flatbook.ops.secrets import list_secrets

    listed = [{"name": each.name, "place": each.place} for each in list_secrets(_places(where))]
    body = {"secrets": listed}
    show("secrets.list", body, lambda: _parts(listed), as_json=where.as_json)


def look(
    name: Annotated[str | None, says("Only this one; all when left out.")] = None, /, *, where: Where = HERE
) -> int:
    """Looks whether secrets can be read where they are said to be. Exits with 1 when one cannot."""
    from flatbook.ops.secrets import check_secret

    places = _places(where)
    if name is not None and name not in places.references:
        raise Failed(Exit.USAGE, "no secret has this name", where=name, do="see flatbook secrets list")
    checked = [check_secret(places, each) for each in sorted(places.references) if name in (None, each)]
    rows = [{"name": each.name, "place": each.place, "resolves": each.resolves, "text": each.text} for each in checked]
    show("secrets.test", {"secrets": rows}, lambda: _parts(rows), as_json=where.as_json)
    return Exit.OK if all(each.resolves for each in checked) else Exit.ERROR


def _parts(rows: list[dict[str, Any]]) -> Iterator[Part]:
    if not rows:
        yield "the configuration names no secrets"
        return
    columns = [Column("secret", "name"), Column("kept in", "place")]
    if "resolves" in rows[0]:
        columns += [Column("readable", "resolves"), Column("says", "text")]
    yield Table("secrets", columns, rows)


def _places(where: Where) -> Places:
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.config import places_of

    return places_of(loaded_of(where))
