"""`python -m e2e.consistency run`: the campaign; `last-pieces`: 1,000 buyers of 100; `rolling`: restarts under load."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from e2e.consistency import campaign, plan, report, rolling, striking
from e2e.consistency.campaign import Result
from e2e.consistency.invariants import Violation
from e2e.consistency.stage import opened
from e2e.support.kubectl import Kubectl

PIECES = 100


def run(options: argparse.Namespace) -> int:
    """Shoppers buy from a few products while parts are killed."""
    checkouts = plan.checkouts(options.seed, options.shoppers, options.checkouts, options.products, options.seconds)
    with opened(Kubectl(), options.products, PIECES, options.shoppers) as stage:
        parts = [part for part in striking.present(stage.shop) if part in options.faults.split(",")]
        say(f"the shop is open at {stage.url}; to be killed by turns: {', '.join(parts) or 'nothing'}")
        result = campaign.run(stage, checkouts, plan.faults(options.seed, parts, 2 * len(parts)), say)
    return _conclude(options, result)


def last_pieces(options: argparse.Namespace) -> int:
    """All want the last pieces of one product at once; each piece is sold to one, and all of them are."""
    with opened(Kubectl(), 1, PIECES, options.shoppers) as stage:
        result = campaign.run(stage, plan.last_pieces(options.shoppers), [], say)
    confirmed = result.states.get("confirmed", 0)
    if confirmed != min(PIECES, options.shoppers):
        detail = f"{confirmed} orders are confirmed"
        result.violations.append(Violation("every piece is sold", "all", detail))
    return _conclude(options, result)


def rolling_restart(options: argparse.Namespace) -> int:
    """Restart every Deployment while shoppers who never try twice go on buying."""
    with opened(Kubectl(), 0, 0, options.shoppers) as stage:
        outcome = rolling.run(stage, say)
    print(report.rolling_table(outcome))
    _keep(options, outcome)
    return 1 if outcome.failures else 0


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"… {text}", flush=True)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m e2e.consistency", description=__doc__)
    commands = parser.add_subparsers(required=True)
    whole = commands.add_parser("run", help="buy while parts of the shop are killed")
    whole.set_defaults(command=run, name="run")
    whole.add_argument("--shoppers", type=int, default=200)
    whole.add_argument("--checkouts", type=int, default=2000)
    whole.add_argument("--products", type=int, default=20)
    whole.add_argument("--seconds", type=float, default=200, help="over which the checkouts begin")
    whole.add_argument("--faults", default=",".join(striking.PARTS), help="parts that are killed; empty for none")
    small = commands.add_parser("last-pieces", help="many buyers of the last hundred pieces")
    small.set_defaults(command=last_pieces, name="last-pieces")
    small.add_argument("--shoppers", type=int, default=1000)
    restarts = commands.add_parser("rolling", help="restart every Deployment under load")
    restarts.set_defaults(command=rolling_restart, name="rolling")
    restarts.add_argument("--shoppers", type=int, default=rolling.MOST_SHOPPERS)
    for each in (whole, small, restarts):
        each.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="the same campaign again")
        each.add_argument("--out", type=Path, help="results file (JSON)")
    return parser.parse_args(arguments)


def _conclude(options: argparse.Namespace, result: Result) -> int:
    print(report.table(result))
    _keep(options, result)
    return 1 if result.violations else 0


def _keep(options: argparse.Namespace, result: Result | rolling.Outcome) -> None:
    out = options.out or Path("out") / "consistency" / f"{options.name}-{options.seed}.json"
    shown = {key: value for key, value in vars(options).items() if key not in ("command", "out")}
    report.write(out, shown, result)
    print(f"seed {options.seed}; results in {out}")


def main(arguments: list[str]) -> int:
    """Run a command; return 1 when a promise was broken."""
    options = parse(arguments)
    code: int = options.command(options)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
