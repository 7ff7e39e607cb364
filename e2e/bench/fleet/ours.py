"""Our operator as it is, but for the databases' SQL: every server says that all roles and databases are there.

A thousand Shops have eight thousand databases, which is another benchmark; here the work on the cluster is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from shopkeeper_operator.__main__ import main
from shopkeeper_operator.database import server
from shopkeeper_operator.plan.database import REVISION
from shopkeeper_operator.plan.model import ServiceDatabase, Target
from shopkeeper_operator.snapshot import DatabaseFact, RoleFact, ServerFacts


def observe(target: Target, databases: Iterable[ServiceDatabase]) -> ServerFacts:  # noqa: ARG001 (as the real one)
    """Say that everything is there, as it was wanted."""
    wanted = list(databases)
    return ServerFacts(
        "17.0",
        superuser=True,
        roles={role: RoleFact(item.marker, True) for item in wanted for role in (item.owner, item.runtime)},
        databases={
            item.database: DatabaseFact(item.owner, f"{item.marker}:{REVISION}", public_connect=False)
            for item in wanted
        },
    )


if __name__ == "__main__":
    server.observe = observe
    sys.exit(main())
