"""The command line: `python3 -m e2e.bench shop`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from e2e import postgres, rabbitmq
from e2e.bench import loopback, machine, on_cluster, report
from e2e.bench.fleet import measure
from e2e.cluster import commands, images, paths
from e2e.cluster.bringup import Machine
from e2e.cluster.progress import Progress
from e2e.cluster.shell import Problem

SIZES = (10, 100, 500, 1000)
REFERENCE_SIZE = 100
FOLDER = Path(__file__).resolve().parents[2] / "docs" / "benchmarks"


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    main = argparse.ArgumentParser(prog="python3 -m e2e.bench", description=__doc__)
    add = main.add_subparsers(dest="command", required=True, metavar="command").add_parser
    shop = add("shop", help="the services on loopback beside plain references, then the whole shop on the cluster")
    shop.add_argument("--short", action="store_true", help="a minute in place of ten, to see that it works")
    shop.add_argument("--only", choices=("loopback", "cluster"), help="one half")
    shop.add_argument(
        "--output", type=Path, default=FOLDER, help="folder of shop.json, shop.md and shop.svg (%(default)s)"
    )
    operator = add("operator", help="the operator with many Shops, a real API server and fake nodes; hours at 1,000")
    operator.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="N", help="Shops (%(default)s)")
    operator.add_argument("--output", type=Path, default=FOLDER, help="folder of operator.json (%(default)s)")
    return main


def operator(arguments: argparse.Namespace) -> None:
    """Measure each size, beside a bare client and (up to 100 Shops) the reference operator."""
    bench = Machine(paths.find(), Progress())
    objects = measure.one_shops_objects(bench)
    results: dict[str, object] = {"machine": machine.describe().as_dict(), "objects_per_shop": len(objects)}
    for size in arguments.sizes:
        with bench.progress.step(f"{size} Shops"):
            found: dict[str, object] = {"ours": measure.fleet(bench, size), "bare": measure.bare(bench, objects, size)}
            if size <= REFERENCE_SIZE:
                found["reference"] = measure.plain(bench, objects, size)
            results[str(size)] = found
        arguments.output.mkdir(parents=True, exist_ok=True)
        (arguments.output / "operator.json").write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


def shop(arguments: argparse.Namespace) -> None:
    """Measure, write the results file, and make page and plot from it."""
    bench = Machine(paths.find(), Progress())
    results: dict[str, object] = {"machine": machine.describe().as_dict(), "short": arguments.short}
    if arguments.only != "cluster":
        commands.bases(bench)
        tag = images.release_tag(bench.paths.root)
        used = (postgres.IMAGE, rabbitmq.IMAGE)
        images.Builder(bench.docker, bench.tools, bench.paths, bench.progress).build(used, tag)
        plan = loopback.SHORT if arguments.short else loopback.WHOLE
        postgres_image, rabbitmq_image = (image.reference(tag) for image in used)
        results["loopback"] = loopback.measure(bench, postgres_image, rabbitmq_image, plan)
    if arguments.only != "loopback":
        results["cluster"] = on_cluster.measure(bench, on_cluster.SHORT if arguments.short else on_cluster.WHOLE)
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "shop.json").write_text(json.dumps(results, indent=1) + "\n")
    text = report.page(results)
    (arguments.output / "shop.md").write_text(text)
    if "cluster" in results:
        report.plot(results, arguments.output / "shop.svg")
    print(text)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one benchmark; returns the exit code."""
    arguments = parser().parse_args(argv)
    try:
        {"shop": shop, "operator": operator}[arguments.command](arguments)
    except Problem as problem:
        print(f"\nerror: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
