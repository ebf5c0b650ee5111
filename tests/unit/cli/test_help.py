"""Help comes at once and says everything: no heavy module is imported for it, and every option is explained."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from flatbook.cli.app import main, program
from flatbook.cli.help import every_verb
from tests.unit.cli.scene import call

ALLOWED_OF_FLATBOOK = ("flatbook", "flatbook.cli", "flatbook.ops", "flatbook.ops.home", "flatbook.ops.os_user")
ALLOWED_OUTSIDE = {"attr", "attrs", "cyclopts"}
HEAVY = (
    "asyncio",
    "decimal",
    "eth_abi",
    "keyring",
    "msgspec",
    "prometheus_client",
    "pyrage",
    "rich",
    "sqlite3",
    "structlog",
)
EXTRA_S_MAX = 0.05
ROUNDS_MAX = 40

LIST_MODULES = """
import json, sys
from flatbook.cli.app import main
code = main(json.loads(sys.argv[1]))
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_after(words: list[str]) -> list[str]:
    """Returns the modules that a new process has imported once it has printed a help."""
    done = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, json.dumps(words)], capture_output=True, text=True, check=True, timeout=60
    )
    code, modules = json.loads(done.stderr)
    assert code == 0
    return [str(name) for name in modules]


def is_ours_and_light(name: str) -> bool:
    return name in ALLOWED_OF_FLATBOOK or name.startswith("flatbook.cli.")


@pytest.mark.real
@pytest.mark.parametrize("words", [["--help"], ["events", "--help"], ["status", "--help"], ["kill", "-h"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    modules = modules_after(words)
    assert [name for name in modules if name.split(".")[0] == "flatbook" and not is_ours_and_light(name)] == []
    outside = {name.split(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"flatbook"}
    assert {name for name in outside if not name.startswith(("_", "sitecustomize", "distutils"))} <= ALLOWED_OUTSIDE
    assert [name for name in HEAVY if name in modules] == []


@pytest.mark.real
def test_the_help_of_every_verb_imports_nothing_heavy() -> None:
    code = "import sys\nfrom flatbook.cli.app import main\nfrom flatbook.cli.help import every_verb\n"
    code += "[main([*(verb.name for verb in chain), '--help']) for chain in every_verb()]\n"
    code += f"sys.exit(', '.join(name for name in {HEAVY!r} if name in sys.modules) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def cpu_s(code: str) -> float:
    """Returns the processor time of a new interpreter that runs some code."""
    before = os.times()
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True, timeout=60)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def extra_s(words: list[str]) -> float:
    """Returns how much processor time a help costs beyond cyclopts: of as many rounds as it takes, the cheapest."""
    bare, helped = [], []
    for _ in range(ROUNDS_MAX):
        bare.append(cpu_s("import cyclopts"))
        helped.append(cpu_s(f"from flatbook.cli.app import main; main({words!r})"))
        if min(helped) - min(bare) <= EXTRA_S_MAX:
            break
    return min(helped) - min(bare)


@pytest.mark.real
@pytest.mark.parametrize("words", [["--help"], ["status", "--help"]])
def test_help_costs_at_most_fifty_milliseconds_more_than_importing_cyclopts(words: list[str]) -> None:
    assert extra_s(words) <= EXTRA_S_MAX


NAMES = [[verb.name for verb in chain] for chain in every_verb()]


@pytest.mark.parametrize("words", NAMES, ids=" ".join)
def test_every_verb_has_help_that_explains_each_option(words: list[str]) -> None:
    told = call(*words, "--help")
    assert told.code == 0
    assert told.out.startswith(f"Usage: flatbook {' '.join(words)}")
    app = program()
    for word in words:
        app = app[word]
    options = [each for each in app.assemble_argument_collection() if each.show and each.names != ("*",)]
    assert [each.names for each in options if not each.parameter.help] == []
    assert [each.names[0] for each in options if each.names[0] not in told.out] == []


def test_the_program_alone_shows_its_verbs() -> None:
    told = call()
    assert told.code == 0
    assert told.out == call("--help").out
    for words in NAMES:
        assert words[-1] in told.out


def test_help_of_a_noun_lists_its_verbs() -> None:
    told = call("events", "--help")
    assert told.code == 0
    assert [line.split()[0] for line in told.out.splitlines() if line.startswith("  ")][:1] == ["tail"]


def test_help_of_something_unknown_says_what_was_meant() -> None:
    assert call("stauts", "--help").err == "flatbook: there is no verb 'stauts'; did you mean status?\n"
    assert call("events", "tial", "-h").code == 2


def test_a_question_for_help_behind_two_dashes_is_an_argument() -> None:
    assert main(["why", "--", "--help"]) == 2
