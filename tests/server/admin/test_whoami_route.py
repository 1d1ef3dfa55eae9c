"""`GET /admin/v1/whoami`: everybody who is let in learns who they are, and nobody else does."""

import json
from typing import Any

from http_client import request

from voxwire.runtime import AccessRole, Permission
from voxwire.testing.live_server import served

WHOAMI = "/admin/v1/whoami"


async def whoami(url: str, key: str | None = None) -> Any:
    answer = await request(url, WHOAMI, {"api-key": key} if key else {})
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


async def test_without_keys_anybody_on_this_machine_may_do_everything() -> None:
    async with served() as url:
        me = await whoami(url)
    assert (me["id"], me["project"]) == ("anonymous", "local")
    assert me["permissions"] == [permission.value for permission in Permission]
    assert me["deployments"] is None


async def test_a_key_is_told_what_its_roles_give() -> None:
    async with served(auth={"api_keys": ["of-a-user"], "admin_keys": ["of-an-owner"]}) as url:
        assert (await request(url, WHOAMI)).status == 401
        user, owner = await whoami(url, "of-a-user"), await whoami(url, "of-an-owner")
    assert user["roles"] == ["user"]
    assert set(user["permissions"]) == {permission.value for permission in AccessRole.USER.permissions}
    assert owner["permissions"] == [permission.value for permission in Permission]
    assert "of-a-user" not in json.dumps(user)
