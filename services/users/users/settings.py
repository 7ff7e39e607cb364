"""Settings of the service and of its migration job."""

from __future__ import annotations

from dataclasses import dataclass

from shopkit.messaging.settings import PublisherSettings
from shopkit.settings import Settings, between, setting
from users.models import email_fault, password_fault
from users.signing import signing_key_fault


@dataclass(frozen=True, kw_only=True)
class HashSettings:
    """What a password hash costs. The defaults are those that OWASP recommends for argon2id."""

    argon2_memory_kib: int = setting(
        "ARGON2_MEMORY_KIB", "Memory of one password hash.", default=19_456, check=between(1024, 1_048_576)
    )
    argon2_time_cost: int = setting(
        "ARGON2_TIME_COST", "Passes of one password hash.", default=2, check=between(1, 100)
    )
    argon2_parallelism: int = setting(
        "ARGON2_PARALLELISM", "Lanes of one password hash.", default=1, check=between(1, 16)
    )


@dataclass(frozen=True, kw_only=True)
class UsersSettings(HashSettings, Settings, PublisherSettings):
    """What `users` reads from the environment."""

    argon2_concurrency: int = setting(
        "ARGON2_CONCURRENCY",
        "Password hashes computed at a time; each takes ARGON2_MEMORY_KIB of the pod's memory.",
        default=2,
        check=between(1, 64),
    )
    argon2_wait_seconds: float = setting(
        "ARGON2_WAIT_SECONDS",
        "Longest wait of a request for its turn to hash; then 503.",
        default=2.0,
        check=between(0, 60),
    )
    login_failures_per_pair: int = setting(
        "LOGIN_FAILURES_PER_PAIR",
        "Failed logins to one account from one address before the first wait.",
        default=5,
        check=between(1, 1_000_000),
    )
    login_failures_per_address: int = setting(
        "LOGIN_FAILURES_PER_ADDRESS",
        "Failed logins from one address before the first wait.",
        default=50,
        check=between(1, 1_000_000),
    )
    login_failures_per_account: int = setting(
        "LOGIN_FAILURES_PER_ACCOUNT",
        "Failed logins to one account before the first wait of addresses that it was not logged in to from.",
        default=50,
        check=between(1, 1_000_000),
    )
    registrations_per_hour: int = setting(
        "REGISTRATIONS_PER_HOUR",
        "Accounts that may be made from one address in an hour, all at once at most; beyond it 429.",
        default=300,
        check=between(1, 1_000_000),
    )
    trusted_proxies: int = setting(
        "TRUSTED_PROXIES",
        "Proxies of ours that append to X-Forwarded-For, the gateway included; 0: the connection's address counts.",
        default=1,
        check=between(0, 16),
    )
    refresh_token_seconds: int = setting(
        "REFRESH_TOKEN_SECONDS",
        "How long a refresh token is good; using it begins the time anew.",
        default=14 * 24 * 3600,
        check=between(60, 366 * 24 * 3600),
    )
    jwt_issuer: str = setting("JWT_ISSUER", "Issuer that tokens name.")
    jwt_signing_key: str = setting(
        "JWT_SIGNING_KEY",
        "Ed25519 private keys as PEM (PKCS #8), one after the other: the first signs tokens, all are published.",
        secret=True,
        check=signing_key_fault,
    )


@dataclass(frozen=True, kw_only=True)
class BootstrapSettings(HashSettings):
    """What the migration job reads to make the administrator; without both there is none."""

    admin_email: str = setting(
        "ADMIN_EMAIL", "E-mail address of the administrator.", default="", secret=True, check=email_fault
    )
    admin_password: str = setting(
        "ADMIN_PASSWORD",
        "The administrator's password; a changed one replaces the old at the next run.",
        default="",
        secret=True,
        check=password_fault,
    )
