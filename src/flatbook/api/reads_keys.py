"""Which accounts and channels are configured, and where their keys are kept."""

from __future__ import annotations

from flatbook.api.answers.keys import AccountKeysAnswer, ChannelsAnswer, accounts_answer, channels_answer
from flatbook.api.routes import OF_CONFIG, AtSite, reading


@reading("/accounts", "Accounts and where their keys are kept", tag="desk", opt=OF_CONFIG)
async def accounts(site: AtSite) -> AccountKeysAnswer:
    """Returns the accounts of the configuration; of keys their place only."""
    return accounts_answer(site.loaded)


@reading("/channels", "Channels of alerts", tag="desk", opt=OF_CONFIG)
async def channels(site: AtSite) -> ChannelsAnswer:
    """Returns the channels that carry alerts; of keys their place only."""
    return channels_answer(site.loaded)


ROUTES = (accounts, channels)
