"""Where a form may lead to: nowhere but to pages of this shop."""

from __future__ import annotations

import re

_MAX = 500
# What a path may hold as it stands in a URL; no backslash, which browsers take for a slash.
_LOCAL = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%-][A-Za-z0-9/._~!$&'()*+,;=:@%?-]*)?(?:\?[^\s\\#<>\"]*)?")


def local(target: str | None, default: str) -> str:
    """Return the target if it is a path of this shop, else the default."""
    if target is None or len(target) > _MAX or not target.isascii() or not target.isprintable():
        return default
    return target if _LOCAL.fullmatch(target) else default
