"""A profile of a jurisdiction as it is configured."""

from __future__ import annotations

from typing import Annotated

from flatbook.ops.config_fields import said
from flatbook.ops.config_section import Name, Section
from flatbook.values.instruments import Product


class ProfileSection(Section, frozen=True, kw_only=True):
    """A profile of your own. What it does not name is not allowed."""

    allowed: Annotated[dict[Name, tuple[Product, ...]], said("The products allowed, by kind of account.")]
