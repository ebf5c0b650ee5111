"""The console as it stands here: its types, its own tests, its bundle, and the page that lists its widgets."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

from flatbook.api.console import BUNDLE, PAGES
from tests.unit.cli.scene import call

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "console"
SOURCES = CONSOLE / "src"
GZIPPED_BYTES_MAX = 1_500_000
LISTED = CONSOLE / "PAGES.md"


def programs() -> Path:
    """Returns where the programs of the console's own lock are."""
    folder = CONSOLE / "node_modules" / ".bin"
    if not folder.is_dir():
        pytest.skip("the console's packages are not installed: make console, where Node is")
    return folder


def ran(*words: str) -> str:
    """Runs a program of the console in its folder, and returns what it printed."""
    program = programs() / words[0]
    done = subprocess.run([program, *words[1:]], cwd=CONSOLE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def texts(*, tests: bool = False) -> dict[str, str]:
    """Returns the sources of the console by their path, without or with its tests."""
    found = sorted(path for path in SOURCES.rglob("*.ts*") if tests or ".test." not in path.name)
    return {str(path.relative_to(SOURCES)): path.read_text("utf-8") for path in found}


def test_no_address_of_a_file_is_taken_for_its_path() -> None:
    """A path with a space in it is another text as an address, so that a clone there would find nothing."""
    stated = [path.read_text("utf-8") for path in (*CONSOLE.glob("*.ts"), *SOURCES.rglob("*.ts*"))]
    assert len(stated) > 10
    assert [text for text in stated if re.search(r"import\.meta\.url[^;\n]*\.pathname", text)] == []


@pytest.mark.real
def test_the_console_is_typed() -> None:
    assert ran("tsc", "--noEmit") == ""


@pytest.mark.real
def test_the_parts_of_the_console_do_what_their_own_tests_say() -> None:
    assert re.search(r"Tests\s+\S*\d+ passed", re.sub(r"\x1b\[\d+m", "", ran("vitest", "run")))


@pytest.mark.real
def test_the_types_are_those_of_the_description_of_the_api(tmp_path: Path) -> None:
    ran("openapi-typescript", "../docs/openapi.json", "--output", str(tmp_path / "schema.ts"))
    made = (tmp_path / "schema.ts").read_text("utf-8")
    assert made == (SOURCES / "api/schema.ts").read_text("utf-8"), "the API changed: make api-schema"


def test_the_types_name_every_path_and_every_field_of_the_description_of_the_api() -> None:
    """What can be said without Node, where the types cannot be made anew."""
    described = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    types = texts()["api/schema.ts"]
    assert sorted(re.findall(r'(?m)^    "(/[^"]*)": \{$', types)) == sorted(described["paths"])
    bodies = types.partition("    schemas: {\n")[2].partition("\n    };\n")[0]
    written = re.findall(r"(?ms)^ {8}(\w+): (.*?);\n(?= {8}(?:\w|/\*\*)|\Z)", f"{bodies}\n")
    assert {name: sorted(re.findall(r'(?m)^ {12}(?:readonly )?"?(\w+)"?\??:', body)) for name, body in written} == {
        name: sorted(body.get("properties", {})) for name, body in described["components"]["schemas"].items()
    }, "the API changed: make api-schema"


@pytest.mark.real
def test_the_bundle_is_small() -> None:
    if not (BUNDLE / "index.html").is_file():
        pytest.skip("the console is not built: make console, where Node is")
    gzipped = sum(len(gzip.compress(path.read_bytes())) for path in BUNDLE.rglob("*") if path.is_file())
    assert 100_000 < gzipped < GZIPPED_BYTES_MAX


def test_the_page_that_lists_widgets_names_only_what_is_there() -> None:
    listed = set(re.findall(r"(?m)^\| [^|]+\| ((?:`[\w-]+` ?)+)\|", LISTED.read_text("utf-8")))
    named = {name for cell in listed for name in re.findall(r"`([\w-]+)`", cell)}
    source = "\n".join(texts().values())
    assert len(named) > 80
    assert [name for name in sorted(named) if f'"{name}"' not in source and name != "act-kill"] == []


def test_the_pages_of_the_console_are_those_that_are_served() -> None:
    stated = re.findall(r'path: "/(\w+)"', texts()["pages/pages.ts"])
    assert sorted(stated) == sorted(PAGES)


def test_everything_that_can_be_pressed_has_a_name_for_tests() -> None:
    pressed = re.compile(
        r"<(?:button|Button|IconButton|CopyText|Link|input|Slider|Select|Segments)\b(?:=>|[^>]|\s>=?\s)*>"
    )
    bare = [
        f"{path}: {tag[:80]}"
        for path, text in texts().items()
        for tag in pressed.findall(text)
        if not re.search(r"testid|\{\.\.\.", tag)
    ]
    assert bare == []


def test_money_is_never_computed_in_the_browser() -> None:
    allowed = {"format/decimal.ts", "api/schema.ts"}
    a_number = re.compile(
        r"parseFloat|parseInt\((?!good,)|Decimal\(|\bNumber\((?!at\)|(?:\w\.)?time\)|row\[field\]|ms\))"
    )
    found = [
        f"{path}: {line.strip()}"
        for path, text in texts().items()
        if path not in allowed
        for line in text.splitlines()
        if a_number.search(line)
    ]
    assert found == []


def test_a_page_is_loaded_when_it_is_shown_and_nothing_else_takes_from_it() -> None:
    a_static_import = re.compile(r"""from ["'](?:@/pages/|\./|\.\./)[\w/]*\bPage["']""")
    taking = [
        path
        for path, text in texts().items()
        if not path.endswith((".test.tsx", ".test.ts")) and a_static_import.search(text)
    ]
    assert taking == []


def test_every_command_line_that_the_console_shows_has_its_verb() -> None:
    shown = {
        " ".join(found.split())
        for text in texts().values()
        for found in re.findall(r'["`>]flatbook ([a-z]+(?: [a-z]+)?)', text)
    }
    assert {"status", "orders", "grid slots"} <= shown
    unknown = [words for words in sorted(shown) if call(*words.split(), "--help").code != 0]
    assert unknown == []
