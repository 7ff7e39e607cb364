"""Database servers in memory, in place of `shopkeeper_operator.database.server`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shopkeeper_operator.database.server import DatabaseError
from shopkeeper_operator.plan.database import REVISION, strangers
from shopkeeper_operator.plan.model import DropDatabases, Provision, ServiceDatabase, Step, Target
from shopkeeper_operator.snapshot import DatabaseFact, RoleFact, ServerFacts


@dataclass
class Role:
    """A role with its password."""

    marker: str
    password: str


@dataclass
class Server:
    """One server."""

    roles: dict[str, Role] = field(default_factory=dict)
    databases: dict[str, DatabaseFact] = field(default_factory=dict)


@dataclass
class FakeServers:
    """All servers by host; a server is there as soon as somebody asks for it."""

    servers: dict[str, Server] = field(default_factory=dict)
    refuse: str = ""
    questions: int = 0
    steps: list[str] = field(default_factory=list)

    def of(self, target: Target) -> Server:
        """Return the server of a target.

        Raises:
            DatabaseError: the server takes no log-in.
        """
        if self.refuse:
            raise DatabaseError(self.refuse)
        host = target.uri.rpartition("@")[2]
        return self.servers.setdefault(host, Server())

    def observe(self, target: Target, databases: Iterable[ServiceDatabase]) -> ServerFacts:
        """Return the facts, as the real one does."""
        self.questions += 1
        server = self.of(target)
        roles = {}
        for item in databases:
            for name, password in ((item.owner, item.owner_password), (item.runtime, item.runtime_password)):
                if name in server.roles:
                    role = server.roles[name]
                    works = item.database in server.databases and role.password == password
                    roles[name] = RoleFact(role.marker, works)
        return ServerFacts("17.11", superuser=True, roles=roles, databases=dict(server.databases))

    def provision(self, action: Provision, _facts: ServerFacts) -> None:
        """Take the steps."""
        server, database = self.of(action.target), action.database
        for step in action.steps:
            self.steps.append(f"{database.database}: {step}")
            match step:
                case Step.OWNER_ROLE | Step.OWNER_PASSWORD:
                    server.roles[database.owner] = Role(database.marker, database.owner_password)
                case Step.RUNTIME_ROLE | Step.RUNTIME_PASSWORD:
                    server.roles[database.runtime] = Role(database.marker, database.runtime_password)
                case Step.DATABASE:
                    server.databases[database.database] = DatabaseFact(database.owner, "", public_connect=True)
                case Step.GRANTS:
                    marker = f"{database.marker}:{REVISION}"
                    server.databases[database.database] = DatabaseFact(database.owner, marker, public_connect=False)

    def drop(self, action: DropDatabases) -> None:
        """Drop what is marked as the Shop's."""
        server = self.of(action.target)
        facts = self.observe(action.target, action.databases)
        for database in action.databases:
            if not any(strangers(database, facts)):
                server.databases.pop(database.database, None)
                server.roles.pop(database.owner, None)
                server.roles.pop(database.runtime, None)
