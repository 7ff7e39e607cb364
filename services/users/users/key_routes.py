"""The routes of API keys."""

from __future__ import annotations

from typing import Any

from shopkit import pagination, problems
from shopkit.auth import User, require_user
from shopkit.pagination import PageQuery
from shopkit.routing import Api, Reply
from users.accounts import gone
from users.context import Users
from users.models import ApiKeyPage, NewApiKey, ShownApiKey
from users.session_routes import NO_STORE

keys_api: Api[Users] = Api("api-keys")
_OTHER_SCOPE = {403: "The token's scope does not cover this."}


@keys_api.post(
    "/api/v1/api-keys",
    body=NewApiKey,
    responses={201: ShownApiKey},
    auth=require_user,
    problems={409: "The account has too many keys.", **_OTHER_SCOPE},
)
def make_api_key(context: Users, body: NewApiKey, user: User) -> Reply:
    """Make an API key for a machine.

    Its secret is shown in this answer and never again. The key may what its owner may, as far as its scopes go. Tokens
    that were got with a key make no keys.
    """
    row = context.api_keys.add(user.id, body.name, body.scopes, body.expires_in_days)
    if row is None:
        raise gone()
    return Reply(row, 201, NO_STORE)


@keys_api.get(
    "/api/v1/api-keys", query=PageQuery, responses={200: ApiKeyPage}, auth=require_user, problems=_OTHER_SCOPE
)
def list_api_keys(context: Users, query: PageQuery, user: User) -> dict[str, Any]:
    """List one's own API keys, the oldest first."""
    return pagination.page(context.api_keys.page(user.id, query.cursor, query.limit), query.limit)


@keys_api.delete(
    "/api/v1/api-keys/<id:key_id>",
    responses={204: None},
    auth=require_user,
    problems={404: "You have no such key.", **_OTHER_SCOPE},
)
def revoke_api_key(context: Users, key_id: str, user: User) -> None:
    """Revoke an API key.

    It gives no tokens any more; the last one goes on for the rest of its five minutes.
    """
    if not context.api_keys.revoke(user.id, key_id):
        raise problems.not_found(f"You have no API key {key_id}.")
