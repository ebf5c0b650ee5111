"""`flatbook version` and `flatbook completion`: what the program says about itself."""

from __future__ import annotations

from typing import Annotated, Literal

from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import show


def version(*, where: Where = HERE) -> None:
    """Prints the version."""
    from platform import python_version

    from flatbook import __version__

    body = {"version": __version__, "python": python_version()}
    show("version", body, lambda: (f"flatbook {body['version']}",), as_json=where.as_json)


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], says("The shell.")], /, *, where: Where = HERE) -> None:
    """Prints the completion script of a shell; put it where your shell looks for such scripts.

    bash: ~/.local/share/bash-completion/completions/flatbook. zsh: a file _flatbook in a folder of $fpath. fish:
    ~/.config/fish/completions/flatbook.fish.
    """
    from flatbook.cli.app import program

    script = program().generate_completion(prog_name="flatbook", shell=shell)
    show("completion", {"shell": shell, "script": script}, script.splitlines, as_json=where.as_json)
