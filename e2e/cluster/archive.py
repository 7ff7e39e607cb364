"""Image archives, as `docker save` writes them and kind reads them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# Parts of an archive that name its images; the second pair is of newer engines and does not survive renaming.
NAMING = frozenset({"manifest.json", "repositories", "index.json", "oci-layout"})


def rename(manifest: list[dict[str, Any]], names: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    """A manifest whose images carry the tags that `names` gives for the tag that they have.

    Raises KeyError where an image has a tag that is not in `names`.
    """
    return [{**image, "RepoTags": [tag for old in image["RepoTags"] for tag in names[old]]} for image in manifest]


def repositories(manifest: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """The older list of an archive's images, by repository and tag."""
    result: dict[str, dict[str, str]] = {}
    for image in manifest:
        for reference in image["RepoTags"]:
            repository, tag = reference.rsplit(":", 1)
            result.setdefault(repository, {})[tag] = Path(image["Config"]).name.removesuffix(".json")
    return result


def rewrite(source: Path, target: Path, names: Mapping[str, Iterable[str]]) -> None:
    """Copy an archive, with its images renamed.

    The list of repositories comes first: kind takes the tags of all images from it, but only those of the
    first image from a manifest.
    """
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        manifest = rename(_manifest(old), names)
        _add_json(new, "repositories", repositories(manifest))
        _add_json(new, "manifest.json", manifest)
        for member in old:
            if member.name not in NAMING:
                new.addfile(member, old.extractfile(member) if member.isreg() else None)


def _manifest(archive: tarfile.TarFile) -> list[dict[str, Any]]:
    stored = archive.extractfile("manifest.json")
    return json.load(stored) if stored is not None else []


def _add_json(archive: tarfile.TarFile, name: str, value: object) -> None:
    content = json.dumps(value).encode()
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))
