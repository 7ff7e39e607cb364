"""Writes the bill of materials of an image as CycloneDX 1.6 JSON; runs in a build stage, standard library only.

What is in an image comes from three places: Debian's package database, Python's installed distributions, and
programs that neither knows (named by `--component <purl>`). The output depends on the image's content alone, so
that equal images have equal layers.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

DPKG_STATUS = Path("var/lib/dpkg/status")
OFFICIAL_PYTHON_PREFIX = "/usr/local"
"""Where the official Python image puts an interpreter that Debian's package database does not know."""


def purl(kind: str, name: str, version: str, **qualifiers: str) -> str:
    """A package URL; `kind` is its type with the namespace (`deb/debian`)."""
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in sorted(qualifiers.items()))
    return f"pkg:{kind}/{quote(name, safe='.-')}@{quote(version, safe='.-')}{'?' + query if query else ''}"


def component(package_url: str) -> dict[str, Any]:
    """The CycloneDX component of a package URL. Raises ValueError when it has no version."""
    name, separator, version = package_url.partition("?")[0].rpartition("@")
    if not separator or not version:
        raise ValueError(f"{package_url!r} has no version: write it as pkg:<type>/<name>@<version>")
    return {
        "type": "library",
        "bom-ref": package_url,
        "name": unquote(name.partition("/")[2].removeprefix("debian/")),
        "version": unquote(version),
        "purl": package_url,
    }


def debian_packages(status: str) -> Iterator[str]:
    """The package URLs of what is installed according to the text of dpkg's status file."""
    for paragraph in status.split("\n\n"):
        lines = [line for line in paragraph.splitlines() if line and not line.startswith(" ")]
        fields = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
        if fields.get("Status") == "install ok installed":
            yield purl("deb/debian", fields["Package"], fields["Version"], arch=fields["Architecture"])


def python_packages(folders: Sequence[Path]) -> Iterator[str]:
    """The package URLs of the Python distributions in these folders."""
    for found in distributions(path=[str(folder) for folder in folders]):
        yield purl("pypi", found.name.lower().replace("_", "-").replace(".", "-"), found.version)


def document(name: str, package_urls: Iterable[str]) -> dict[str, Any]:
    """The bill of materials of the image `name`."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "bom-ref": name, "name": name}},
        "components": [component(one) for one in sorted(set(package_urls))],
    }


def main(arguments: Sequence[str]) -> None:
    """Print the bill of materials of the image below `--root`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="the image's name")
    parser.add_argument("--root", type=Path, default=Path("/"), help="the image's root folder")
    parser.add_argument("--python", type=Path, nargs="*", default=[], help="folders with Python distributions")
    parser.add_argument("--component", nargs="*", default=[], help="package URLs of other programs")
    options = parser.parse_args(arguments)
    found = [*debian_packages((options.root / DPKG_STATUS).read_text(encoding="utf-8"))]
    found += python_packages(options.python)
    if options.root == Path("/") and sys.base_prefix == OFFICIAL_PYTHON_PREFIX:
        found.append(purl("generic", "python", platform.python_version()))
    json.dump(document(options.name, [*found, *options.component]), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main(sys.argv[1:])
