from __future__ import annotations

import pytest

from flatbook.ops.config import load_text
from flatbook.ops.config_accounts import PaperAccount
from flatbook.ops.config_match import shown
from flatbook.ops.config_names import meant
from tests.unit.ops.scene import HOME, changed, loaded, problem, problems


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("0.5", 'a float is not exact: write "0.5" in quotes'),
        ("1e-7", 'a float is not exact: write "0.0000001" in quotes'),
        ("nan", 'a float is not exact: write "0.5" in quotes'),
        ("100", 'money is stated as text: write "100" in quotes'),
        ("true", 'an exact number in quotes is expected, such as "0.5"'),
        ('"1e3"', "'1e3' is no plain number: write digits and one point"),
        ('"1_000"', "'1_000' is no plain number"),
        ('"1,5"', "'1,5' is no plain number"),
        ('" 1"', "' 1' is no plain number"),
        ('"NaN"', "'NaN' is no plain number"),
        ('"0.1234567890123456789"', "a number with 19 decimals is out of bounds, 18 are allowed"),
        ('"0"', "0 is out of range: above 0 to 10000000 shares"),
        ('"-1"', "-1 is out of range"),
        ('"10000001"', "10000001 is out of range"),
        ("[1]", "an exact number in quotes is expected"),
    ],
)
def test_a_number_of_money_is_refused_unless_it_is_exact_and_makes_sense(stated: str, said: str) -> None:
    text = problem(('threshold_shares = "1"', f"threshold_shares = {stated}"))
    assert text.startswith(f"flatbook.toml:80: hedges.desk.COIN.threshold_shares: {said}")


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("0.5", "0.5 is no whole number of basis points (100 are one percent)"),
        ("0", "0 is out of range: from 1 to 5000 basis points (100 are one percent)"),
        ("5001", "5001 is out of range"),
        ("true", "a whole number is expected, and not true or false ("),
        ('"50"', "a whole number is expected, and not a text ("),
    ],
)
def test_a_value_in_the_wrong_unit_is_refused(stated: str, said: str) -> None:
    assert said in problem(("collar_bps = 50", f"collar_bps = {stated}"))


def test_an_unknown_key_is_refused_with_the_one_that_was_meant() -> None:
    assert problem(("resends_max = 2", "resends_max = 2\nresend_max = 2")) == (
        "flatbook.toml:105: risk.resend_max: is no key of this section; did you mean resends_max?"
    )
    assert problem(("resends_max = 2", "resends_max = 2\nzzz = 2")) == (
        "flatbook.toml:105: risk.zzz: is no key of this section"
    )


def test_a_word_that_is_none_of_those_known_is_refused_with_the_one_that_was_meant() -> None:
    assert problem(('mode = "paper"', 'mode = "papper"')).startswith(
        "flatbook.toml:5: mode: 'papper' is none of observe, paper, live; did you mean paper?"
    )


def test_a_table_where_a_value_is_due_and_the_other_way_round() -> None:
    assert problem(('[journal]\npath = "journal.sqlite"\n', 'journal = "j"\n')) == (
        "flatbook.toml:7: journal: is a table: write [journal] and its keys below it"
    )
    assert problem(("resends_max = 2", "resends_max = { a = 2 }")).startswith(
        "flatbook.toml:104: risk.resends_max: is a table, and a value is expected"
    )
    assert problem(("[hedges.desk.COIN]", "[[hedges.desk.COIN]]")).endswith(
        "hedges.desk.COIN: is a table: write [hedges.desk.COIN] with one pair of brackets and its keys below it"
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[owners.desk]\n", '[owners."de:sk"]\n', 'owners."de:sk": is no name for this place'),
        ("ratios = { 0 =", "ratios = { x =", "chains.base.tokens.wtCOIN.ratios.x: is no name for this place"),
        (
            '"0x00000000000000000000000000000000000de5c0"',
            '"0xDE5C0"',
            "'0xDE5C0' does not have the form 0x[0-9a-f]{40}",
        ),
        (
            '"0x00000000000000000000000000000000000de5c0"',
            '"0x00000000000000000000000000000000000De5C0"',
            "{40}: write '0x00000000000000000000000000000000000de5c0'",
        ),
        ('seed = "1"', 'seed = ""', "must have 1 to 1024 characters"),
        ('seed = "1"', 'seed = "a\\u200bb"', "has a character that cannot be seen"),
        ('sessions = ["regular"]', 'sessions = ["regular", "regular"]', "an entry stands twice"),
        ('sessions = ["regular"]', 'sessions = "regular"', 'a list is expected, such as ["a", "b"]'),
        ('sessions = ["regular"]', 'sessions = ["regullar"]', "did you mean regular?"),
        ("decimals = 18", "decimals = 18\nsince = 2025-12-01", "a time is expected, and not a date"),
        ("decimals = 18", "decimals = 18\nsince = 2025-12-01T00:00:00", "an instant with its zone is expected"),
        ("decimals = 18", 'decimals = 18\nsince = "soon"', "Invalid RFC3339 encoded datetime"),
    ],
)
def test_what_has_not_its_form_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(changed((old, new))))


def test_what_comes_from_the_environment_is_text_and_is_read_as_what_is_due() -> None:
    environment = {
        "FLATBOOK__HEDGES__DESK__COIN__COLLAR_BPS": "70",
        "FLATBOOK__HEDGES__DESK__COIN__SHORTING": "false",
        "FLATBOOK__HEDGES__DESK__COIN__THRESHOLD_SHARES": "2",
        "FLATBOOK__ACCOUNTS__PAPER__EXTENDED_HOURS": "true",
        "FLATBOOK__HEDGES__DESK__COIN__SESSIONS": "early, regular",
    }
    config = loaded(environment=environment).config
    hedge = config.hedges["desk"]["COIN"]
    assert (hedge.collar_bps, hedge.shorting, str(hedge.threshold_shares)) == (70, False, "2")
    assert [session.value for session in hedge.sessions] == ["early", "regular"]
    account = config.accounts["paper"]
    assert isinstance(account, PaperAccount)
    assert account.extended_hours is True


def test_what_comes_from_the_environment_is_checked_like_all_else() -> None:
    environment = {"FLATBOOK__RISK__OPEN_ORDERS_MAX": "0", "FLATBOOK__RISK__ORDR_SHARES_MAX": "1"}
    assert problems(changed(), environment=environment) == [
        (
            "env FLATBOOK__RISK__ORDR_SHARES_MAX: risk.ORDR_SHARES_MAX: "
            "is no key of this section; did you mean order_shares_max?"
        ),
        (
            "env FLATBOOK__RISK__OPEN_ORDERS_MAX: risk.open_orders_max: "
            "0 is out of range: from 1 to 10000 orders (Orders open at a time)"
        ),
    ]


def test_the_number_of_problems_is_bounded() -> None:
    strange = "\n".join(f"strange_{number} = 1" for number in range(500))
    assert len(problems(changed(("version = 1\n", f"version = 1\n{strange}\n")))) == 100


def test_an_instant_may_be_written_as_text_or_as_toml_does() -> None:
    for stated in ("2025-12-01T00:00:00Z", '"2025-12-01T01:00:00+01:00"'):
        token = loaded(("decimals = 18", f"decimals = 18\nsince = {stated}")).config.chains["base"].tokens["wtCOIN"]
        assert token.since is not None
        assert token.since.timestamp() == 1764547200


def test_a_close_name_is_offered_whatever_its_case() -> None:
    assert meant("COLAR", ("collar", "cap")) == "; did you mean collar?"
    assert meant("zebra", ("collar", "cap")) == ""


def test_values_are_shown_plainly() -> None:
    config = load_text(changed(("decimals = 18", "decimals = 18\nsince = 2025-12-01T00:00:00Z")), HOME).effective
    shown_values = {each.key: each.value for each in config}
    assert shown_values["chains.base.tokens.wtCOIN.since"] == "2025-12-01T00:00:00Z"
    assert shown_values["accounts.paper.extended_hours"] == "false"
    assert shown_values["hedges.desk.COIN.sessions"] == "regular"
    assert shown(("a", "b")) == "a, b"
