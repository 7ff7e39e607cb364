"""The routes of accounts and keys."""

from __future__ import annotations

from typing import Any

from shopkit import auth, pagination, problems
from shopkit.auth import require_role, require_user
from shopkit.pagination import PageQuery
from shopkit.routing import Api, Reply
from users.accounts import gone
from users.context import Users
from users.models import AccountChange, KeySet, Registration, User, UserPage

api: Api[Users] = Api("users")
# As long as the other services keep the keys.
_KEYS_MAX_AGE = 300
_OTHER_SCOPE = {403: "The token's scope does not cover this."}


@api.post(
    "/api/v1/register",
    body=Registration,
    responses={201: User},
    problems={
        409: "The e-mail address has an account already.",
        429: "Too many accounts are made from this address: try again after Retry-After.",
    },
)
def register(context: Users, body: Registration) -> Reply:
    """Register as a customer."""
    row = context.accounts.register(body.email, body.password, body.name, context.client_address())
    return Reply(row, 201, {"Location": f"/api/v1/users/{row['id']}"})


@api.get("/api/v1/users/me", responses={200: User}, auth=require_user, problems=_OTHER_SCOPE)
def get_me(context: Users, user: auth.User) -> dict[str, Any]:
    """Get one's own account."""
    row = context.users.get(user.id)
    if row is None:
        raise gone()
    return row


@api.route(
    "PATCH",
    "/api/v1/users/me",
    body=AccountChange,
    responses={200: User},
    auth=require_user,
    problems={
        403: "The old password is wrong, or the token has a scope.",
        429: "Too many were wrong: try again after Retry-After.",
    },
)
def change_me(context: Users, body: AccountChange, user: auth.User) -> dict[str, Any]:
    """Change one's own account.

    A new password needs the old one, and ends all sessions: refresh tokens do not work any more. What is left out, or
    null, stays as it is.
    """
    return context.accounts.change(user.id, body, context.client_address())


@api.delete("/api/v1/users/me", responses={204: None}, auth=require_user, problems=_OTHER_SCOPE)
def remove_me(context: Users, user: auth.User) -> None:
    """Remove one's own account.

    Its sessions end: refresh tokens do not work any more. An access token that is still out there is accepted by the
    other services until it expires.
    """
    context.accounts.remove(user.id)


@api.get("/api/v1/users", query=PageQuery, responses={200: UserPage}, auth=require_role("admin"))
def list_users(context: Users, query: PageQuery) -> dict[str, Any]:
    """List accounts, the oldest first."""
    return pagination.page(context.users.page(query.cursor, query.limit), query.limit)


@api.get(
    "/api/v1/users/<id:user_id>",
    responses={200: User},
    auth=require_role("admin"),
    problems={404: "There is no such account."},
)
def get_user(context: Users, user_id: str) -> dict[str, Any]:
    """Get one account."""
    row = context.users.get(user_id)
    if row is None:
        raise problems.not_found(f"There is no user {user_id}.")
    return row


@api.get("/.well-known/jwks.json", responses={200: KeySet})
def get_keys(context: Users) -> Reply:
    """Get the public keys that access tokens are checked with."""
    return Reply(context.signer.jwks(), 200, {"Cache-Control": f"public, max-age={_KEYS_MAX_AGE}"})
