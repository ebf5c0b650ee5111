"""What watches a desk, from its configuration to the rules of its engine."""

from __future__ import annotations

import msgspec

from flatbook.engine.rules import Rules
from flatbook.events.control import Mode
from flatbook.ops.config_links import exchanges_of
from flatbook.ops.config_risk import MonitorSection, ReconcileSection, breaker_limits, correction_rules
from flatbook.ops.config_shape import Config
from flatbook.risk.monitor import MonitorRules
from flatbook.values.ids import AccountId, InstrumentId, OwnerId

DEFAULT_RECONCILING = ReconcileSection()
CALM_PART = 2 / 3


def with_risk(rules: Rules, config: Config) -> Rules:
    """Returns the rules of a desk with its monitors, its breakers, and how its accounts at exchanges are reconciled.

    Needs: the configuration was checked, and the rules have their hedges and seats.
    """
    corrections = {
        AccountId(account): correction_rules(config.reconcile.get(account, DEFAULT_RECONCILING))
        for account in exchanges_of(config)
    }
    if config.mode is Mode.OBSERVE:
        return msgspec.structs.replace(rules, corrections=corrections)
    return msgspec.structs.replace(
        rules,
        corrections=corrections,
        monitors={name: _monitor(rules, section) for name, section in config.monitors.items()},
        breakers={OwnerId(owner): breaker_limits(section) for owner, section in config.breakers.items()},
    )


def _monitor(rules: Rules, section: MonitorSection) -> MonitorRules:
    owners = tuple(OwnerId(owner) for owner in section.owners)
    return MonitorRules(
        instruments=tuple(InstrumentId(name) for name in section.instruments),
        owners=owners,
        accounts=_accounts(rules, owners),
        interval_s=section.interval_s,
        window=section.window,
        volume_multiple=float(section.volume_multiple),
        policy=section.policy,
        recovery=section.recovery,
        missing_s=section.missing_s,
        calm_multiple=_calm_multiple(section),
        calm_s=section.calm_s,
    )


def _calm_multiple(section: MonitorSection) -> float:
    """Returns up to which multiple of the mean a volume is calm."""
    stated = section.calm_multiple
    return float(section.volume_multiple) * CALM_PART if stated is None else float(stated)


def _accounts(rules: Rules, owners: tuple[OwnerId, ...]) -> tuple[AccountId, ...]:
    """Returns the accounts at which owners trade."""
    seated = (seated.seat.key for owner, seated in rules.seats.items() if owner in owners)
    keys = (*(key for key in rules.hedges if key[0] in owners), *seated)
    return tuple(dict.fromkeys(account for key in keys for account in rules.accounts_of(key)))
