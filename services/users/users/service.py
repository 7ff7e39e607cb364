"""The definition of the service."""

from __future__ import annotations

from typing import cast

from shopkit.auth import KeySource
from shopkit.keys import StaticKeys
from shopkit.service import Runtime, Service
from users.accounts import Accounts
from users.api_keys import ApiKeys
from users.attempts import Attempts
from users.context import Users
from users.events import UserDeleted, UserRegistered, UserUpdated
from users.key_routes import keys_api
from users.memory import give_back_large_blocks
from users.oauth_routes import oauth_api
from users.passwords import Passwords
from users.registrations import Registrations
from users.repository import UserRepository
from users.routes import api
from users.session_routes import sessions_api
from users.sessions import Sessions
from users.settings import UsersSettings
from users.signing import Signer, load_signing_keys
from users.slots import Slots, queue_length
from users.throttling import Limits


def build(runtime: Runtime[UsersSettings]) -> Users:
    """Make what the handlers work with."""
    give_back_large_blocks()
    settings = runtime.settings
    size = settings.argon2_concurrency
    slots = Slots(size, queue_length(settings.http_threads, size), settings.argon2_wait_seconds)
    users = UserRepository(runtime.database)
    signer = Signer(load_signing_keys(settings.jwt_signing_key), settings.jwt_issuer)
    sessions = Sessions(runtime.database, settings.refresh_token_seconds)
    limits = Limits(
        settings.login_failures_per_pair, settings.login_failures_per_address, settings.login_failures_per_account
    )
    accounts = Accounts(
        users,
        Passwords(settings, slots),
        sessions,
        Attempts(runtime.database, limits),
        Registrations(runtime.database, settings.registrations_per_hour),
    )
    return Users(accounts, users, sessions, ApiKeys(runtime.database), signer, settings.trusted_proxies)


def own_keys(context: object) -> KeySource:
    """Return the keys of the tokens that this service signs itself."""
    return StaticKeys(cast("Users", context).signer.jwks())


SERVICE = Service(
    name="users",
    version="0.1.0",
    summary="The accounts of a shop and their access tokens.",
    settings=UsersSettings,
    apis=(api, sessions_api, keys_api, oauth_api),
    publishes=(UserRegistered, UserUpdated, UserDeleted),
    build=build,
    keys=own_keys,
)
