"""Command line of the chart tools."""

import argparse
import sys
from pathlib import Path

from charts.tools.deps import ChartError, build_dependencies

CHARTS = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m charts.tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    deps = commands.add_parser("deps", help="build the charts' dependencies where their sources have changed")
    deps.add_argument("--helm", help="the helm program; otherwise $HELM, then the PATH, then the cache of `make`")
    generate = commands.add_parser("generate", help="write Chart.yaml, values, schemas and READMEs from the model")
    generate.add_argument("--check", action="store_true", help="write nothing; fail where a file would change")
    arguments = parser.parse_args()
    try:
        if arguments.command == "deps":
            return _deps(arguments.helm)
        return _generate(check=arguments.check)
    except ChartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _deps(helm: str | None) -> int:
    for name in build_dependencies(CHARTS, helm):
        print(f"built the dependencies of charts/{name}")
    return 0


def _generate(*, check: bool) -> int:
    # Imported here: `deps` must run on a bare Python, and the generator needs PyYAML.
    from charts.tools.generate import stale_files, write_files  # noqa: PLC0415

    if not check:
        for path in write_files(CHARTS):
            print(f"wrote {path.relative_to(CHARTS.parent)}")
        return 0
    stale = stale_files(CHARTS)
    for path in stale:
        where = path.relative_to(CHARTS.parent)
        print(f"error: {where} is stale: run `python3 -m charts.tools generate`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
