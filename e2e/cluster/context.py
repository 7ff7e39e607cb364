"""The build context of the images: which files `.dockerignore` leaves visible, and one digest of them all.

Docker decides by the same file what an image build may see, so equal digests mean equal images, no matter what git
knows and what lies around in the working tree.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILE = ".dockerignore"


@dataclass(frozen=True)
class Rule:
    """One line of `.dockerignore`: what it matches, and whether that is let in again."""

    pattern: re.Pattern[str]
    included: bool


def parse(text: str) -> list[Rule]:
    """The rules of an ignore file, in their order.

    Raises ValueError for a `!` line that is more than one name: it could bring back a file of an excluded folder,
    and `visible` does not look there.
    """
    rules = []
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        included = line.startswith("!")
        glob = line.removeprefix("!").strip("/")
        if included and not re.fullmatch(r"[\w.-]+", glob):
            raise ValueError(f"{IGNORE_FILE}: `{line}` must name one file or folder at the top")
        rules.append(Rule(re.compile(_expression(glob)), included))
    return rules


def _expression(glob: str) -> str:
    """The regular expression of a pattern; what lies below a match matches too."""
    translated = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", glob)
    return "".join(translated.get(part, re.escape(part)) for part in parts) + "(?:/.*)?"


def ignored(path: str, rules: list[Rule]) -> bool:
    """Whether the rules hide a path (relative, with `/`): the last one that matches it decides."""
    for rule in reversed(rules):
        if rule.pattern.fullmatch(path):
            return not rule.included
    return False


def visible(root: Path) -> Iterator[Path]:
    """The files below `root` that a build sees, sorted. Raises FileNotFoundError without an ignore file."""
    rules = parse((root / IGNORE_FILE).read_text(encoding="utf-8"))
    for folder, folders, files in os.walk(root):
        prefix = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if not ignored((prefix / name).as_posix(), rules))
        for name in sorted(files):
            if not ignored((prefix / name).as_posix(), rules):
                yield Path(folder, name)


def digest(root: Path, *extra: str) -> str:
    """The SHA-256 of what a build sees (names, contents, whether executable) and of `extra`, as hexadecimal digits."""
    entries = [_entry(path, path.relative_to(root).as_posix()) for path in visible(root)]
    whole = hashlib.sha256()
    for entry in sorted([*entries, *(f"extra {one}" for one in extra)]):
        whole.update(f"{entry}\n".encode())
    return whole.hexdigest()


def _entry(path: Path, name: str) -> str:
    mode = "x" if path.stat().st_mode & 0o100 else "-"
    return f"file {mode} {hashlib.sha256(path.read_bytes()).hexdigest()} {name}"
