"""What has to be done for a tenant to be as described, case by case, and how it is said."""

from dataclasses import replace
from typing import Any

import pytest

from auth0sync.setup_by_hand import by_hand
from auth0sync.setup_plan import steps
from auth0sync.setup_steps import BindAction, ChangeStream, DeployAction, Step
from auth0sync.setup_wanted import (
    API_SETTINGS,
    Action,
    Api,
    Application,
    Connection,
    Machine,
    Role,
    Seen,
    SeenAction,
    SeenApi,
    SeenApplication,
    SeenConnection,
    SeenRole,
    SeenStream,
    Stream,
    Wanted,
)
from auth0sync.setup_words import hand_lines, plan_lines, summary

pytestmark = pytest.mark.once

API = "https://api.example.com"
READ = (API, "read:it")
WANTED = Wanted(
    environment="dev",
    domain="",
    tenants_of_others={},
    apis=(Api(API, "An API", {"read:it": "Read it"}),),
    roles=(Role("reader", "Reads", frozenset({READ})),),
    roles_of_others=frozenset({"theirs"}),
    action=Action("Roles", "new code\n"),
    application=Application("log-in", ("https://c/complete/",), ("https://c/login/",)),
    connection=Connection("Staff", {"password": True, "disable_signup": True}),
    machine=Machine("machine", frozenset({"read:users"})),
    stream=Stream("Console", "https://c/webhooks/auth0", "Bearer s3cret"),
)
AS_WANTED = Seen(
    apis={API: SeenApi("1", "An API", {"read:it": "Read it"}, {"name": "An API", **API_SETTINGS})},
    roles=(SeenRole("rol_1", "reader", "Reads", frozenset({READ})),),
    action=SeenAction("act", "new code\n", "new code\n"),
    flow=(("other", "Other"), ("act", "Roles")),
    application=SeenApplication(
        "Log-in",
        ("https://c/complete/",),
        ("https://c/login/",),
        {
            "app_type": "regular_web",
            "token_endpoint_auth_method": "client_secret_post",
            "alg": "RS256",
            "oidc_conformant": True,
            "grant_types": ["authorization_code", "refresh_token"],
        },
    ),
    connection=SeenConnection(
        "con_1", {"password": True, "disable_signup": True}, frozenset({"log-in"})
    ),
    streams=(
        SeenStream("lst_0", "https://other.example.com", "paused", "Bearer other"),
        SeenStream("lst_1", "https://c/webhooks/auth0", "active", "Bearer s3cret"),
    ),
    machine_scopes=frozenset({"read:users"}),
    mail_provider="ses",
    logout_is_discoverable=True,
)


def plan(**seen: Any) -> list[Step]:
    return steps(WANTED, replace(AS_WANTED, **seen))


def lines(**seen: Any) -> list[str]:
    return list(plan_lines(plan(**seen), allow_delete=True))


def hand(**seen: Any) -> list[str]:
    items = by_hand(WANTED, replace(AS_WANTED, **seen))
    return [f"{'!' if item.differs else '?'} {item.text} → {item.where}" for item in items]


def test_a_tenant_as_described_has_nothing_to_do() -> None:
    assert lines() == []
    assert hand() == []


def test_an_api_that_is_missing_is_made_before_the_roles_that_need_it() -> None:
    found = lines(apis={}, roles=())

    assert found == [
        f"+ API An API ({API})",
        "+   permission read:it",
        "+ role reader (Reads)",
        f"+ role reader: read:it at {API}",
    ]


@pytest.mark.parametrize(
    ("setting", "value", "line"),
    [
        ("enforce_policies", None, "~ API An API: enforce_policies nothing → on"),
        ("enforce_policies", False, "~ API An API: enforce_policies off → on"),
        ("signing_alg", "HS256", "~ API An API: signing_alg “HS256” → “RS256”"),
    ],
)
def test_a_switch_of_an_api_is_changed(setting: str, value: object, line: str) -> None:
    there = AS_WANTED.apis[API]
    api = replace(there, settings={**there.settings, setting: value})

    assert lines(apis={API: api}) == [line]


def test_permissions_of_an_api_are_added_described_and_removed() -> None:
    api = replace(AS_WANTED.apis[API], scopes={"read:it": "?", "burn:it": ""})

    assert lines(apis={API: api}) == [
        "~ API An API: permission read:it: “?” → “Read it”",
        "- API An API: permission burn:it",
    ]


def test_apis_that_arent_described_are_no_ones_business() -> None:
    other = replace(AS_WANTED.apis[API], name="Other")

    assert lines(apis={**AS_WANTED.apis, "https://other.example.com": other}) == []


def test_a_roles_permissions_follow_the_description() -> None:
    role = replace(AS_WANTED.roles[0], permissions=frozenset({(API, "burn:it")}))

    assert lines(roles=(role,)) == [
        f"+ role reader: read:it at {API}",
        f"- role reader: burn:it at {API}",
    ]


def test_a_role_that_isnt_described_is_removed_unless_it_is_another_applications() -> None:
    extra = SeenRole("rol_2", "intern", ""), SeenRole("rol_3", "theirs", "")

    assert lines(roles=(*AS_WANTED.roles, *extra)) == ["- role intern (whoever has it loses it)"]


def test_what_deletes_comes_last() -> None:
    api = replace(AS_WANTED.apis[API], scopes={"burn:it": ""})

    assert [step.deletes for step in plan(apis={API: api}, action=None)] == [*[False] * 4, True]


def test_addresses_of_the_application_are_added_and_removed() -> None:
    there = AS_WANTED.application
    assert there is not None
    application = replace(there, callbacks=("https://old/",), logout_urls=())

    assert lines(application=application) == [
        "+ log-in application: call-back https://c/complete/",
        "+ log-in application: log-out URL https://c/login/",
        "- log-in application: call-back https://old/",
    ]


def test_an_address_may_be_right_in_one_list_and_wrong_in_the_other() -> None:
    there = AS_WANTED.application
    assert there is not None
    twice = replace(there, callbacks=(*there.callbacks, "https://c/login/"))

    [step] = plan(application=twice)

    assert step.do.drop_callbacks == ("https://c/login/",)  # type: ignore[union-attr]
    assert step.do.drop_logout_urls == ()  # type: ignore[union-attr]


def test_the_application_is_let_into_the_connection() -> None:
    there = AS_WANTED.connection
    assert there is not None

    assert lines(connection=replace(there, clients=frozenset())) == [
        "+ connection Staff: log-in application log-in"
    ]


def test_an_application_that_isnt_there_is_let_into_nothing() -> None:
    there = AS_WANTED.connection
    assert there is not None

    assert lines(connection=replace(there, clients=frozenset()), application=None) == []


def test_an_action_is_made_deployed_and_bound_behind_the_others() -> None:
    assert lines(action=None, flow=(("a", "First"), ("b", "Second"))) == [
        "+ Action “Roles”",
        "+ Action “Roles”: deployed",
        "+ Action “Roles”: in the flow post-login, after First, Second",
    ]


def test_changed_code_is_shown_as_a_diff_and_deployed_again() -> None:
    found = lines(action=SeenAction("act", "old code\n", "old code\n"))

    assert found == [
        "~ Action “Roles”: code",
        "    @@ -1 +1 @@",
        "    -old code",
        "    +new code",
        "~ Action “Roles”: deployed",
    ]


def test_an_action_that_was_never_deployed_is() -> None:
    [step] = plan(action=SeenAction("act", "new code\n", None))

    assert isinstance(step.do, DeployAction)
    assert step.lines[0].sign == "+"


def test_an_action_that_isnt_in_the_flow_is_bound() -> None:
    [step] = plan(flow=())

    assert isinstance(step.do, BindAction)


def test_a_log_stream_is_made_last_of_all_and_found_by_its_address() -> None:
    assert lines(streams=AS_WANTED.streams[:1], action=None)[-1] == (
        "+ log stream to https://c/webhooks/auth0"
    )


def test_a_log_streams_secret_is_changed_and_never_shown() -> None:
    [step] = plan(streams=(replace(AS_WANTED.streams[1], authorization="Bearer 0ld"),))

    assert isinstance(step.do, ChangeStream)
    assert step.do.authorization == "Bearer s3cret"
    assert "not shown" in step.lines[0].text
    told = f"{step}{WANTED}{AS_WANTED}"
    assert "s3cret" not in told
    assert "0ld" not in told


def test_a_log_stream_that_is_paused_is_set_going() -> None:
    assert lines(streams=(replace(AS_WANTED.streams[1], status="paused"),)) == [
        "~ log stream to https://c/webhooks/auth0: “paused” → “active”"
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"endpoint": ""}, "https alone"), ({"authorization": ""}, "AUTH0_WEBHOOK_TOKEN isn't set")],
)
def test_without_what_it_takes_there_is_no_log_stream(changed: dict[str, str], said: str) -> None:
    wanted = replace(WANTED, stream=replace(WANTED.stream, **changed))
    seen = replace(AS_WANTED, streams=())

    [item] = by_hand(wanted, seen)

    assert steps(wanted, seen) == []
    assert said in item.text
    assert not item.differs


def test_streams_that_couldnt_be_looked_at_arent_made() -> None:
    closed = {"the log streams": "Not in this plan."}

    assert lines(streams=(), not_looked=closed) == []
    assert hand(streams=(), not_looked=closed)[0].startswith("? Not looked at: the log streams.")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("app_type", "spa", "is a Regular Web Application"),
        ("token_endpoint_auth_method", "none", "Client Secret (Post)"),
        ("alg", "HS256", "signs with RS256"),
        ("oidc_conformant", False, "is OIDC conformant"),
        ("grant_types", None, "lacks the grant type authorization_code"),
    ],
)
def test_settings_of_the_application_are_for_the_hand(
    setting: str, value: object, said: str
) -> None:
    there = AS_WANTED.application
    assert there is not None
    application = replace(there, settings={**there.settings, setting: value})

    [item] = hand(application=application)

    assert item.startswith("! ")
    assert said in item
    assert "Applications → Applications → Log-in → " in item


def test_grant_types_beyond_what_is_needed_are_advice() -> None:
    there = AS_WANTED.application
    assert there is not None
    grants = ["authorization_code", "implicit"]
    application = replace(there, settings={**there.settings, "grant_types": grants})

    [item] = hand(application=application)

    assert item.startswith("? Log-in has grant types it doesn't need: implicit.")


def test_the_connections_switches_are_for_the_hand() -> None:
    there = AS_WANTED.connection
    assert there is not None
    connection = replace(there, switches={"password": False, "disable_signup": True})

    assert hand(connection=connection) == [
        "! Staff: passwords has to be on. → Authentication → Database → Staff → "
        "Authentication Methods → Password"
    ]


def test_the_machines_scopes_are_for_the_hand() -> None:
    [none] = hand(machine_scopes=None)
    [fewer] = hand(machine_scopes=frozenset())
    more = hand(machine_scopes=frozenset({"read:users", "update:clients", "read:guardian"}))

    assert "isn't authorised for the Management API" in none
    assert "! machine lacks the scopes read:users." in fewer
    assert more[0].startswith("! machine has scopes with which its secret opens the whole tenant")
    assert more[1].startswith("? machine has scopes that the console doesn't need: read:guardian")


def test_without_a_machine_application_its_scopes_arent_asked_about() -> None:
    wanted = replace(WANTED, machine=Machine("", frozenset()))

    assert by_hand(wanted, replace(AS_WANTED, machine_scopes=None)) == []


def test_mail_and_log_out_are_advice() -> None:
    found = hand(mail_provider="", logout_is_discoverable=False)

    assert [item[0] for item in found] == ["?", "?"]
    assert "Branding → Email Provider" in found[0]
    assert "RP-Initiated Logout End Session Endpoint Discovery" in found[1]


def test_what_couldnt_be_looked_at_is_said_instead_of_judged() -> None:
    closed = {
        "the machine application's scopes": "No.",
        "the mail provider": "No.",
        "the tenant's settings": "No.",
    }

    found = hand(
        machine_scopes=None, mail_provider="", logout_is_discoverable=False, not_looked=closed
    )

    assert [item.partition(":")[0] for item in found] == ["? Not looked at"] * 3


def test_the_sum_counts_lines_and_says_what_is_left_alone() -> None:
    role = replace(AS_WANTED.roles[0], description="?", permissions=frozenset({(API, "burn:it")}))
    found = plan(roles=(role,))
    items = by_hand(WANTED, replace(AS_WANTED, mail_provider="", machine_scopes=None))

    assert summary(found, items, allow_delete=False) == (
        "1 to add, 1 to change, 1 left alone that --allow-delete removes, 1 to set by hand."
    )
    assert summary(found, items, allow_delete=True) == (
        "1 to add, 1 to change, 1 to remove, 1 to set by hand."
    )
    assert list(hand_lines([])) == []
    [*_, last] = plan_lines(found, allow_delete=False)
    assert last.endswith("(left alone; --allow-delete removes it)")
