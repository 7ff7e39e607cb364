"""The command line: `python3 -m e2e.cluster <command>`."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from e2e.cluster import browser, commands, paths
from e2e.cluster.bringup import Machine
from e2e.cluster.lock import only_one
from e2e.cluster.progress import Progress
from e2e.cluster.shell import Problem
from e2e.cluster.tools import CLIENTS, PACKAGES

EXIT_PROBLEM = 1
EXIT_INTERRUPTED = 130


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    main = argparse.ArgumentParser(
        prog="python3 -m e2e.cluster",
        description="Brings up what Shopkeeper is tried and tested on. Each command finds what is missing and mends "
        "just that; run it again after an interruption.",
        epilog="CLUSTER=<kube context> uses that cluster instead of kind. REGISTRY=<prefix> pushes images there. "
        "Exit code 0: done; 1: a problem that the message names; 2: wrong arguments; 130: interrupted.",
    )
    add = main.add_subparsers(dest="command", required=True, metavar="command").add_parser
    add("up", help="cluster, images, operator, the sample Shop, its URL")
    add("operator", help="cluster, images and operator, without a Shop")
    add("cluster", help="the cluster only")
    add("images", help="build our images and bring them to the cluster")
    add("engine", help="the container engine only")
    add("bases", help="the container engine and the images that ours are built on")
    add("browser", help="print where a browser for the storefront's tests is; install one if there is none")
    tools = add("tools", help="build Go programs and print where they are")
    tools.add_argument("names", nargs="*", choices=[*PACKAGES, []], metavar="name", help=", ".join(PACKAGES))
    add("status", help="say what is there; changes nothing")
    down = add("down", help="remove the cluster and all that was started")
    down.add_argument("--purge-cache", action="store_true", help="also remove what was built and downloaded")
    return main


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = parser().parse_args(argv)
    machine = Machine(paths.find(), Progress())
    context, registry = os.environ.get("CLUSTER") or None, os.environ.get("REGISTRY", "")
    work: dict[str, Callable[[], None]] = {
        "up": lambda: commands.up(machine, context, registry),
        "operator": lambda: commands.operator(machine, context, registry),
        "cluster": lambda: commands.cluster(machine, context),
        "images": lambda: machine.progress.note(commands.images(machine, context, registry)),
        "engine": lambda: machine.progress.note(machine.docker.program),
        "bases": lambda: commands.bases(machine),
        "browser": lambda: machine.progress.note(browser.ensure(machine.paths, machine.progress)),
        "tools": lambda: commands.tools(machine, arguments.names or CLIENTS),
        "status": lambda: commands.status(machine),
        "down": lambda: commands.down(machine, purge=arguments.purge_cache),
    }
    try:
        # Looking does not disturb another run.
        with nullcontext() if arguments.command == "status" else only_one(machine.paths, machine.progress):
            work[arguments.command]()
    except Problem as problem:
        print(f"\nerror: {problem}", file=sys.stderr)
        return EXIT_PROBLEM
    except OSError as error:
        print(f"\nerror: {explain(error)}", file=sys.stderr)
        return EXIT_PROBLEM
    except KeyboardInterrupt:
        print("\ninterrupted: run the same command again to go on", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0


def explain(error: OSError) -> str:
    """The sentence for an error of the operating system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({error.filename})" if error.filename else ""
        return f"the disk is full{where}: free some space, then run this again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{error.filename} may not be written by this user: set XDG_CACHE_HOME to a folder of your own, "
            "or run this as root"
        )
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
