"""What stands in the repository: locks, documents, golden files, shipped data, and nothing private."""

from __future__ import annotations

import ast
import json
import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

from flatbook.events.codec import EVENT_TYPES, tag_of, version_of
from tests.tidy.reading import PACKAGE, ROOT, files, imported_by, product, report, text_of

LOCKS = ("requirements.txt", "requirements-dev.txt")
FILE_BYTES_MAX = 1_000_000
CARRIED_BYTES_MAX = 10_000_000
WORDS_OF_THE_PLAN = re.compile(r"\b(houses?|rooms?|floors?)\b", re.IGNORECASE)
MACHINE_PATHS = re.compile(
    r"(?<![\w.}])/(?:" + "|".join(("ro" + "ot", "wo" + "rk", "home/" + r"\w+", "Us" + "ers")) + ")/"
)
HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
SECRETS = re.compile(
    "|".join(
        (
            "-----BEGIN [A-Z ]*PRIVATE " + "KEY-----",
            "AGE-SECRET-" + "KEY-1[0-9A-Z]{20}",
            "AKIA[0-9A-Z]{16}",
            "gh[pousr]_[0-9A-Za-z]{36}",
            "xox[abprs]-[0-9A-Za-z-]{10}",
            r"eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.",
            r"(?i:(?:private|secret)_?key)\W{1,4}(?:0x)?[0-9a-fA-F]{64}\b",
        )
    )
)


def lines_matching(pattern: re.Pattern[str], paths: tuple[str, ...]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


def declared(extra: str = "") -> list[str]:
    """Returns the requirements of the product, or of one of its extras."""
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    requirements: list[str] = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return requirements


def prose() -> tuple[str, ...]:
    return tuple(path for path in files() if path.endswith(".md"))


def locked(path: str) -> dict[str, set[str]]:
    """Returns the versions that a lock pins for each name; a marker may choose between two."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", text_of(path), re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


def test_locks_name_no_registry_and_no_path() -> None:
    found = lines_matching(re.compile(r"://|index-url|find-links|^-|\.\.?/"), LOCKS)
    assert not found, report(found)


def test_locks_of_npm_name_no_registry_and_hash_every_package() -> None:
    locks = [path for path in files() if path.endswith("package-lock.json")]
    assert locks, "the groups of npm are locked"
    for path in locks:
        packages = json.loads(text_of(path))["packages"]
        hashed = {name: stated for name, stated in packages.items() if name and not stated.get("inBundle")}
        bad = [name for name, stated in hashed.items() if "integrity" not in stated]
        bad += [name for name, stated in packages.items() if "resolved" in stated]
        assert not bad, f"{path}: {report(bad)}"
        assert "registry" not in text_of(path), path


def test_every_line_of_a_lock_is_pinned_and_hashed() -> None:
    for path in LOCKS:
        entries = re.split(r"\n(?=\S)", text_of(path).strip())
        bad = [
            entry.splitlines()[0]
            for entry in entries
            if not re.match(r"[a-z0-9.-]+==\S+.*--hash=sha256:", entry, re.DOTALL)
        ]
        assert not bad, report(bad)


def test_locks_hold_what_the_project_asks_for() -> None:
    wanted = {"requirements.txt": declared(), "requirements-dev.txt": declared("dev")}
    for path, lines in wanted.items():
        pins = locked(path)
        for requirement in map(Requirement, lines):
            versions = pins.get(requirement.name, set())
            assert versions, f"{path} lacks {requirement.name}: make lock"
            assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_the_product_imports_what_it_declares_and_nothing_else() -> None:
    asked, extras = (
        {Requirement(line).name.replace("-", "_") for line in lines}
        for lines in (declared(), declared("wallet") + declared("parquet") + declared("backtest"))
    )
    imported = {
        name.split(".")[0] for source in product() for node in ast.walk(source.tree) for name in imported_by(node)
    }
    foreign = imported - set(sys.stdlib_module_names) - {"flatbook"}
    assert asked <= foreign <= asked | extras


def test_both_locks_agree() -> None:
    run, dev = locked("requirements.txt"), locked("requirements-dev.txt")
    differing = [name for name in run if run[name] != dev.get(name)]
    assert not differing, report(differing)


def test_no_second_lock_stands_beside() -> None:
    assert not {"uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock"} & {Path(path).name for path in files()}


def test_every_event_version_has_a_golden_file() -> None:
    missing = []
    for event_type in EVENT_TYPES:
        tag = tag_of(event_type)
        name = f"tests/golden/{re.sub(r'_v[0-9]+$', '', tag)}.v{version_of(tag)}.json"
        if not (ROOT / name).is_file():
            missing.append(name)
    assert not missing, report(missing)


def test_every_golden_file_belongs_to_an_event() -> None:
    known = {
        f"{re.sub(r'_v[0-9]+$', '', tag)}.v{version_of(tag)}.json" for tag in (tag_of(event) for event in EVENT_TYPES)
    }
    strange = [path for path in files() if path.startswith("tests/golden/") and Path(path).name not in known]
    assert not [path for path in strange if path.endswith(".json")], report(strange)


def test_every_decision_record_has_its_own_number() -> None:
    names = sorted(Path(path).name for path in files() if path.startswith("docs/adr/") and "template" not in path)
    numbers = [int(name[:4]) for name in names if re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)]
    assert len(numbers) == len(names), f"names are NNNN-decision.md: {names}"
    assert numbers == list(range(1, len(numbers) + 1)), numbers


def test_every_decision_record_has_its_parts() -> None:
    for path in files():
        if path.startswith("docs/adr/"):
            headings = re.findall(r"^## (.+)$", text_of(path), re.MULTILINE)
            assert headings == ["Context", "Decision", "Costs", "Alternatives"], path


def test_a_decision_record_that_another_replaces_says_so_under_its_title() -> None:
    records = {Path(path).name[:4]: text_of(path) for path in files() if re.match(r"docs/adr/\d{4}-", path)}
    replaced = [
        (old, new)
        for new, text in records.items()
        for old in re.findall(r"(?:[Rr]eplaces|[Tt]akes the place of) [^.]*?\b(\d{4})\b", text)
    ]
    assert {("0016", "0026"), ("0005", "0031"), ("0053", "0054")} <= set(replaced)
    unsaid = [(old, new) for old, new in replaced if new not in records[old].partition("\n## ")[0]]
    assert not unsaid, f"the first is replaced by the second, and does not say so under its title: {unsaid}"
    told = [(old, new) for old, text in records.items() for new in re.findall(r"[Ss]ince \[?(\d{4})", text[:600])]
    assert [pair for pair in told if pair[1] not in records or pair[1] <= pair[0]] == []


def test_prose_uses_the_words_of_the_product() -> None:
    found = lines_matching(WORDS_OF_THE_PLAN, prose())
    assert not found, report(found)


def test_nothing_names_a_path_of_a_machine() -> None:
    found = lines_matching(MACHINE_PATHS, files())
    assert not found, report(found)


def test_nothing_looks_like_a_secret() -> None:
    found = lines_matching(SECRETS, files())
    assert not found, report(found)


def test_no_character_hides() -> None:
    found = lines_matching(
        HIDDEN, tuple(path for path in files() if Path(path).suffix in {".py", ".md", ".toml", ".txt"})
    )
    assert not found, report(found)


def test_carried_files_stay_small() -> None:
    sizes = {path: (ROOT / path).stat().st_size for path in files()}
    large = [f"{path}: {size}" for path, size in sizes.items() if size > FILE_BYTES_MAX]
    assert not large, report(large)
    carried = sum(size for path, size in sizes.items() if Path(path).suffix not in {".py", ".md", ".toml", ".txt"})
    assert carried <= CARRIED_BYTES_MAX, carried


def test_every_carried_table_has_its_row_in_the_notice() -> None:
    notice = text_of("NOTICE")
    code = {".py", ".typed", ".sql"}
    missing = [
        path for path in files() if path.startswith(PACKAGE) and Path(path).suffix not in code and path not in notice
    ]
    assert not missing, report(missing)
    folders = {str(Path(path).parent) for path in files() if re.match(r"tests/vectors/.+\.json$", path)}
    assert not [folder for folder in sorted(folders) if f"{folder}/" not in notice], report(sorted(folders))


def test_the_notice_names_only_what_is_here() -> None:
    named = re.findall(r"^(?:src|tests)/\S+", text_of("NOTICE"), re.MULTILINE)
    gone = [path for path in named if not (ROOT / path).exists()]
    assert not gone, report(gone)


def test_the_continuous_run_is_the_documented_test() -> None:
    assert "make test" in text_of(".ci/run")
    assert "REQUIRE_REAL=1" in text_of(".ci/run")


def test_the_changelog_knows_the_version() -> None:
    version = re.search(r'__version__ = "(.+)"', text_of("src/flatbook/__init__.py"))
    assert version is not None
    assert f"## [{version.group(1)}]" in text_of("CHANGELOG.md")


def test_every_package_stands_in_the_contract_of_the_layers() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    named = set(re.findall(r"\w+", " ".join(contracts[0]["layers"])))
    assert {source.package for source in product()} - {""} <= named
