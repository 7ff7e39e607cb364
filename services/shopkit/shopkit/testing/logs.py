"""What tests ask of all that a process prints."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_ALWAYS = {"timestamp", "level", "service", "shop", "event"}


def log_lines(output: str, never: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Return the lines of a process's output, each of which must be a JSON object with the usual members.

    Args:
        output: everything that it wrote to stdout and stderr.
        never: secrets and personal data that may be nowhere in it.

    Raises:
        AssertionError: a line is something else, or something is in it that must not be.
    """
    for text in never:
        assert text not in output, f"the log has {text!r}"
    lines = []
    for line in output.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            raise AssertionError(f"not JSON: {line!r}") from None
        assert isinstance(found, dict), line
        assert set(found) >= _ALWAYS, f"{_ALWAYS - set(found)} missing in {line}"
        assert ("request_id" in found) == ("trace_id" in found), line
        lines.append(found)
    return lines
