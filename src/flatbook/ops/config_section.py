"""What the sections of a configuration have in common, and the names that stand in them."""

from __future__ import annotations

from typing import Annotated

import msgspec

from flatbook.ops.config_fields import (
    ADDRESS_TEXT,
    INSTRUMENT_TEXT,
    NAME_TEXT,
    SECRET_LEAD,
    SECRET_TEXT,
    SYMBOL_TEXT,
    TICKER_TEXT,
    text,
)

Name = Annotated[str, text("A name of your choice.", NAME_TEXT)]
InstrumentName = Annotated[str, text("The id of an instrument, such as COIN/USD@paper.", INSTRUMENT_TEXT)]
Ticker = Annotated[str, text("The ticker of a share.", TICKER_TEXT)]
Symbol = Annotated[str, text("Its name where it is traded.", SYMBOL_TEXT)]
Address = Annotated[str, text("An address: 0x and 40 lower-case hex digits.", ADDRESS_TEXT)]
SecretName = Annotated[str, text("A name of your choice.", SECRET_TEXT)]
SECRET_REFERENCE = f"{SECRET_LEAD}{SECRET_TEXT}"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration. One that comes in kinds has a class for each, told apart by its tag."""
