"""Write the Python code of the `.proto` file: `python services/recommendations/generate.py [--check]`.

The server and the storefront each get a copy of their own: a service never imports another one, and an image holds the
code of one. Both copies hold the same file descriptor, so that one process (a test) may import both.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROTO = HERE / "proto"
SOURCE = "shopkeeper/recommendations/v1/recommendations.proto"
PACKAGES = (
    HERE / "recommendations" / "rpc",
    HERE.parent / "storefront" / "storefront" / "rpc",
)
# What protoc writes follows its style, not ours.
_HEADER = "# ruff: noqa\n# fmt: off\n# mypy: disable-error-code=type-arg\n"
_INIT = '"""Messages of shopkeeper.recommendations.v1, made by services/recommendations/generate.py."""\n'


def generated() -> dict[str, str]:
    """Return the files of the package by name.

    Only messages: what the plug-in makes for services has no types, and one method is one line by grpc's own API.

    Raises:
        subprocess.CalledProcessError: the .proto file does not compile; protoc has printed why.
    """
    with tempfile.TemporaryDirectory() as folder:
        options = [f"--python_out={folder}", f"--pyi_out={folder}", f"--proto_path={PROTO}"]
        subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *options, SOURCE], check=True)
        made = sorted((Path(folder) / SOURCE).parent.glob("*.py*"))
        return {"__init__.py": _INIT, **{path.name: _HEADER + path.read_text() for path in made}}


def outdated() -> list[str]:
    """Return the files that are not what the generator makes."""
    return [
        str(package / name)
        for package in PACKAGES
        for name, text in generated().items()
        if not (package / name).is_file() or (package / name).read_text() != text
    ]


def write() -> None:
    """Write all copies."""
    files = generated()
    for package in PACKAGES:
        package.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (package / name).write_text(text)


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        write()
    elif wrong := outdated():
        sys.exit(f"run services/recommendations/generate.py: {', '.join(wrong)} is not up to date")
