"""Roles, their members and permissions (facts: other endpoints)."""

from tests.devtenant.builders import make_api, make_user, permission, role_id
from tests.devtenant.running import RunningTenant

USER = "/users/auth0%7Cemp-1"


def test_the_five_roles_are_there_from_the_start(tenant: RunningTenant) -> None:
    names = [role["name"] for role in tenant.api("GET", "/roles").json()]

    assert names == ["production_associate", "team_lead", "manager", "admin", "finance"]


def test_the_ids_of_the_first_roles_survive_a_reset(tenant: RunningTenant) -> None:
    before = role_id(tenant, "admin")

    tenant.reset()

    assert role_id(tenant, "admin") == before


def test_a_role_is_created_with_200_and_its_name_only_once(tenant: RunningTenant) -> None:
    first = tenant.api("POST", "/roles", {"name": "driver"})
    second = tenant.api("POST", "/roles", {"name": "driver"})

    assert (first.status_code, second.status_code) == (200, 409)
    assert first.json()["id"].startswith("rol_")


def test_an_unknown_role_is_404_without_an_error_code(tenant: RunningTenant) -> None:
    answer = tenant.api("GET", "/roles/rol_0000000000000000")

    assert answer.json() == {
        "statusCode": 404,
        "error": "Not Found",
        "message": "The role does not exist.",
    }


def test_the_name_filter_finds_parts_of_names_in_any_case(tenant: RunningTenant) -> None:
    found = tenant.api("GET", "/roles?name_filter=ADMI").json()

    assert [role["name"] for role in found] == ["admin"]


def test_a_role_can_be_given_twice_and_taken_twice(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    body = {"roles": [role_id(tenant, "manager")]}

    given = [tenant.api("POST", f"{USER}/roles", body).status_code for _ in range(2)]
    held = tenant.user_by_email("ada@example.com")
    taken = [tenant.api("DELETE", f"{USER}/roles", body).status_code for _ in range(2)]

    assert (given, taken) == ([204, 204], [204, 204])
    assert held is not None
    assert held["roles"] == ["manager"]
    assert tenant.users()[0]["roles"] == []


def test_roles_of_an_unknown_user_are_404(tenant: RunningTenant) -> None:
    body = {"roles": [role_id(tenant, "manager")]}

    for method in ("GET", "POST", "DELETE"):
        answer = tenant.api(method, f"{USER}/roles", None if method == "GET" else body)
        assert answer.json()["errorCode"] == "inexistent_user"


def test_an_unknown_role_fails_the_whole_call(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    body = {"roles": [role_id(tenant, "manager"), "rol_0000000000000000"]}

    assert tenant.api("POST", f"{USER}/roles", body).status_code == 404
    assert tenant.users()[0]["roles"] == []


def test_an_empty_list_of_roles_is_refused(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")

    assert tenant.api("POST", f"{USER}/roles", {"roles": []}).status_code == 400


def test_a_user_takes_fifty_roles_and_no_more(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    ids = [tenant.api("POST", "/roles", {"name": f"r{n}"}).json()["id"] for n in range(51)]

    assert tenant.api("POST", f"{USER}/roles", {"roles": ids}).status_code == 400
    assert tenant.api("POST", f"{USER}/roles", {"roles": ids[:50]}).status_code == 204


def test_a_batch_gives_a_role_to_many(tenant: RunningTenant) -> None:
    users = [make_user(tenant, f"u{n}@example.com") for n in range(3)]
    path = f"/roles/{role_id(tenant, 'finance')}/users"

    answer = tenant.api("POST", path, {"users": users})

    assert (answer.status_code, answer.json()) == (200, {})
    assert {user["user_id"] for user in tenant.api("GET", path).json()} == set(users)


def test_one_unknown_user_fails_the_whole_batch(tenant: RunningTenant) -> None:
    user_id = make_user(tenant)
    path = f"/roles/{role_id(tenant, 'finance')}/users"

    answer = tenant.api("POST", path, {"users": [user_id, "auth0|nobody"]})

    assert answer.status_code == 404
    assert answer.json()["message"] == "One or more of the users do not exist"
    assert tenant.api("GET", path).json() == []


def test_a_batch_of_more_than_fifty_is_refused(tenant: RunningTenant) -> None:
    path = f"/roles/{role_id(tenant, 'finance')}/users"

    answer = tenant.api("POST", path, {"users": [f"auth0|{n}" for n in range(51)]})

    assert answer.status_code == 400


def test_members_are_read_by_checkpoint_while_more_remain(tenant: RunningTenant) -> None:
    users = [make_user(tenant, f"u{n}@example.com") for n in range(3)]
    path = f"/roles/{role_id(tenant, 'finance')}/users"
    tenant.api("POST", path, {"users": users})

    first = tenant.api("GET", f"{path}?take=2").json()
    second = tenant.api("GET", f"{path}?take=2&from={first['next']}").json()

    assert len(first["users"]) == 2
    assert len(second["users"]) == 1
    assert "next" not in second


def test_deleting_a_role_takes_it_from_everybody(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    key = role_id(tenant, "finance")
    tenant.api("POST", f"{USER}/roles", {"roles": [key]})

    assert tenant.api("DELETE", f"/roles/{key}").status_code == 200
    assert tenant.api("GET", f"{USER}/roles").json() == []


def test_a_new_account_with_an_old_id_has_no_roles(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    tenant.api("POST", f"{USER}/roles", {"roles": [role_id(tenant, "finance")]})

    tenant.api("DELETE", USER)
    make_user(tenant, user_id="emp-1")

    assert tenant.users()[0]["roles"] == []


def test_permissions_of_roles_and_of_users_name_their_source(tenant: RunningTenant) -> None:
    make_user(tenant, user_id="emp-1")
    make_api(tenant, "https://api.example.com/", "read:a", "read:b")
    key = role_id(tenant, "finance")
    tenant.api("POST", f"{USER}/roles", {"roles": [key]})

    role = tenant.api("POST", f"/roles/{key}/permissions", {"permissions": [permission("read:a")]})
    user = tenant.api("POST", f"{USER}/permissions", {"permissions": [permission("read:b")]})

    assert (role.status_code, role.json()) == (201, {})
    assert user.status_code == 201
    rows = tenant.api("GET", f"{USER}/permissions").json()
    assert [(row["permission_name"], row["sources"][0]["source_type"]) for row in rows] == [
        ("read:a", "ROLE"),
        ("read:b", "DIRECT"),
    ]


def test_a_permission_that_does_not_exist_is_refused(tenant: RunningTenant) -> None:
    make_api(tenant, "https://api.example.com/", "read:a")
    path = f"/roles/{role_id(tenant, 'finance')}/permissions"

    unknown_name = tenant.api("POST", path, {"permissions": [permission("write:a")]})
    other_api = {"permissions": [permission("read:a", "https://other.example.com/")]}
    unknown_api = tenant.api("POST", path, other_api)

    assert unknown_name.status_code == 400
    assert unknown_api.status_code == 404
