from __future__ import annotations

import os
import sys

import pytest

from flatbook.ops.secret_program import run_program
from flatbook.ops.secret_value import SecretRefused

CANARY = "canary-7f3a91"
ENVIRONMENT = dict(os.environ)


def python(code: str) -> str:
    return f"{sys.executable} -c '{code}'"


def refused(command: str, *, timeout_s: float = 10) -> str:
    with pytest.raises(SecretRefused) as error:
        run_program(command, ENVIRONMENT, timeout_s=timeout_s)
    assert CANARY not in str(error.value)
    return str(error.value)


def test_the_output_is_the_secret_without_its_last_end_of_line() -> None:
    assert run_program("printf 'a b\\n\\n'", ENVIRONMENT) == "a b\n"


def test_no_shell_is_between() -> None:
    assert run_program("echo $HOME; `id` > /dev/null", ENVIRONMENT) == "$HOME; `id` > /dev/null"


def test_a_program_sees_the_environment_it_is_given() -> None:
    assert run_program("printenv KEY", {**ENVIRONMENT, "KEY": "given"}) == "given"


def test_a_program_that_fails_says_its_code_and_none_of_its_words() -> None:
    code = f'import sys; print("{CANARY}"); print("{CANARY}", file=sys.stderr); sys.exit(7)'
    assert refused(python(code)) == f"exec:{sys.executable} failed with exit code 7"


def test_a_program_that_is_not_there_is_refused() -> None:
    assert refused("no-such-program-here x") == (
        "exec:no-such-program-here cannot be started: No such file or directory"
    )


@pytest.mark.parametrize("command", ["echo 'x", "''", "   "])
def test_words_that_cannot_be_read_are_refused(command: str) -> None:
    assert refused(command).startswith("exec:")


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(60)",
        "import os, time; os.close(1); time.sleep(60)",
        f'import os, time; os.write(1, b"{CANARY}"); os.fork(); time.sleep(60)',
    ],
)
def test_a_program_that_takes_too_long_is_ended(code: str) -> None:
    said = refused(python(code), timeout_s=0.3)
    assert said.endswith(("took too long", "closed its output and did not end"))


def test_a_program_that_prints_without_end_is_ended() -> None:
    assert refused("yes").endswith("exec:yes printed more than 65536 bytes")
