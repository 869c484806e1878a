"""What an account should look like, and the steps that lead there: every rule of plan.py."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from auth0sync import plan
from auth0sync.account import (
    APP_METADATA_KEYS,
    USER_METADATA_KEYS,
    DesiredAccount,
    Facts,
    PodFactory,
    Seen,
)
from auth0sync.errors import Conflict, Rejected
from auth0sync.plan import (
    PROFILE_BYTES_MOST,
    AddRole,
    Block,
    Close,
    Create,
    GiveUp,
    RemoveRole,
    Step,
    Update,
    department_code,
    desired,
    diff,
    holds,
    keep_email,
    wanted_of,
)

pytestmark = pytest.mark.once

INSTALLATION = "0123456789"
RESERVED = {
    *("__tenant", "_id", "blocked", "clientID", "created_at", "email_verified", "email"),
    *("globalClientID", "global_client_id", "identities", "lastIP", "lastLogin", "loginsCount"),
    *("metadata", "multifactor_last_modified", "multifactor", "updated_at", "user_id"),
}
ROLES = ["production_associate", "team_lead", "manager", "admin", "finance"]

ADA = Facts(
    employee_id=42,
    name="Ada Quill",
    email="ada@example.com",
    email_usable=True,
    personal_email="ada@home.example",
    phone_number="+1 662 555 0100",
    department="Heat Press",
    department_code="HP",
    workspace="MS",
    timezone="America/Chicago",
    connecteam_user_id="ct-9",
    hire_date="2026-11-23",
    is_active=True,
    is_archived=False,
    auth_method="hybrid",
    auth0_role="team_lead",
    auth0_user_id="",
    invitation="work",
    podfactory=(PodFactory(7, "adahp@example.com", True, 0.9),),
)


def ada(**over: Any) -> Facts:
    return replace(ADA, **over)


def wanted(**over: Any) -> DesiredAccount:
    return desired(ada(**over), installation=INSTALLATION)


def mapping(mapping_id: int = 1, **over: Any) -> PodFactory:
    values = {"email": f"m{mapping_id}@example.com", "verified": False, "score": 0.5, **over}
    return PodFactory(mapping_id, **values)


def as_seen(account: DesiredAccount | None = None, **over: Any) -> Seen:
    """The account in Auth0 as if everything wanted had been done, with overrides."""
    account = account or wanted()
    profile = {
        "user_id": "auth0|emp-0123456789-42-1",
        "email": account.email,
        "email_verified": True,
        "name": account.name,
        "given_name": account.given_name,
        "family_name": account.family_name,
        "user_metadata": account.user_metadata,
        "app_metadata": account.app_metadata,
    }
    seen = Seen.of(profile).with_roles((account.role,) if account.role else ())
    return replace(seen, **over)


def update_between(was: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What the one update says after a row has changed from ``was`` to ``now``."""
    [step] = diff(wanted(**now), as_seen(wanted(**was)))
    assert isinstance(step, Update)
    return step.changes


# Name


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Ada Quill", "Ada", "Quill"),
        ("Ana O'Brien Ortiz", "Ana", "O'Brien Ortiz"),
        ("Seán D’Arcy", "Seán", "D’Arcy"),
        ("Cher", "Cher", None),
        ("X O", "X", "O"),
        ("Łukasz Żółć", "Łukasz", "Żółć"),
        ("王 小明", "王", "小明"),
        ("محمد علي", "محمد", "علي"),
        ("Ada   Quill", "Ada", "Quill"),
        (" Ada Quill ", "Ada", "Quill"),
        ("A" * 200, None, None),
        ("Ada " + "Q" * 200, "Ada", None),
        ("A" * 150 + " " + "Q" * 150, "A" * 150, "Q" * 150),
        ("A" * 151 + " Quill", None, "Quill"),
    ],
)
def test_the_name_goes_as_it_is_and_is_split_at_the_first_space(
    name: str, given: str | None, family: str | None
) -> None:
    account = wanted(name=name)

    assert account.name == name
    assert account.user_metadata["full_name"] == name
    assert (account.given_name, account.family_name) == (given, family)


@pytest.mark.parametrize("name", ["", "   "])
def test_without_a_name_all_three_names_are_left_out(name: str) -> None:
    account = wanted(name=name)

    assert (account.name, account.given_name, account.family_name) == (None, None, None)


# user_metadata


def test_user_metadata_has_what_the_columns_say() -> None:
    assert wanted().user_metadata == {
        "employee_id": 42,
        "full_name": "Ada Quill",
        "department": "Heat Press",
        "hire_date": "2026-11-23",
        "phone_number": "+1 662 555 0100",
        "personal_email": "ada@home.example",
        "timezone": "America/Chicago",
        "is_shop_floor": True,
        "podfactory_email": "adahp@example.com",
    }


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("name", "full_name"),
        ("department", "department"),
        ("hire_date", "hire_date"),
        ("phone_number", "phone_number"),
        ("personal_email", "personal_email"),
    ],
)
def test_an_empty_column_means_no_user_metadata(column: str, key: str) -> None:
    assert wanted(**{column: ""}).user_metadata[key] is None


@pytest.mark.parametrize(
    ("auth_method", "is_shop_floor"), [("pin", True), ("hybrid", True), ("auth0", False)]
)
def test_whoever_has_a_pin_is_on_the_shop_floor(auth_method: str, is_shop_floor: bool) -> None:
    assert wanted(auth_method=auth_method).user_metadata["is_shop_floor"] is is_shop_floor


def test_the_time_zone_is_that_of_the_row() -> None:
    assert wanted(timezone="Europe/Riga").user_metadata["timezone"] == "Europe/Riga"


# PodFactory


@pytest.mark.parametrize(
    ("mappings", "email"),
    [
        ((), None),
        ((mapping(1, score=0.9), mapping(2, verified=True, score=0.1)), "m2@example.com"),
        ((mapping(1, score=0.9), mapping(2, score=0.8)), "m1@example.com"),
        ((mapping(1), mapping(3), mapping(2)), "m3@example.com"),
        ((mapping(1, verified=True), mapping(2, verified=True, score=0.6)), "m2@example.com"),
        ((mapping(1), mapping(2, email="", verified=True)), "m1@example.com"),
        ((mapping(2, email=""),), None),
    ],
)
def test_the_podfactory_email_is_the_verified_then_the_likeliest_then_the_newest(
    mappings: tuple[PodFactory, ...], email: str | None
) -> None:
    assert wanted(podfactory=mappings).user_metadata["podfactory_email"] == email


@pytest.mark.parametrize(
    ("mappings", "enabled", "status"),
    [
        ((), False, "pending"),
        ((mapping(1),), True, "pending"),
        ((mapping(1), mapping(2, verified=True)), True, "matched"),
    ],
)
def test_podfactory_is_enabled_by_a_mapping_and_matched_by_a_verified_one(
    mappings: tuple[PodFactory, ...], enabled: bool, status: str
) -> None:
    metadata = wanted(podfactory=mappings).app_metadata

    assert metadata["podfactory_enabled"] is enabled
    assert metadata["podfactory_sync_status"] == status


# app_metadata


def test_app_metadata_has_the_markers_and_what_the_columns_say() -> None:
    assert wanted().app_metadata == {
        "employee_id": 42,
        "internal_id": 42,
        "installation": INSTALLATION,
        "created_by": "productivity_system",
        "podfactory_enabled": True,
        "podfactory_sync_status": "matched",
        "connecteam_id": "ct-9",
        "department_code": "HP",
        "role_code": "team_lead",
        "access_level": "team_lead",
        "workspace": "MS",
    }


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("connecteam_user_id", "connecteam_id"),
        ("department_code", "department_code"),
        ("workspace", "workspace"),
    ],
)
def test_an_empty_column_means_no_app_metadata(column: str, key: str) -> None:
    assert wanted(**{column: ""}).app_metadata[key] is None


@pytest.mark.parametrize(
    ("role", "code", "level"),
    [
        ("production_associate", "associate", "shop_floor"),
        ("team_lead", "team_lead", "team_lead"),
        ("manager", "manager", "manager"),
        ("admin", "admin", "admin"),
        ("finance", "finance", "finance"),
    ],
)
def test_role_code_and_access_level_follow_the_role(role: str, code: str, level: str) -> None:
    account = wanted(auth0_role=role)

    assert account.role == role
    assert account.app_metadata["role_code"] == code
    assert account.app_metadata["access_level"] == level


@pytest.mark.parametrize("role", ["", "boss", "Manager", "team_lead "])
def test_a_role_that_is_none_of_the_five_is_rejected_at_its_field(role: str) -> None:
    with pytest.raises(Rejected) as refused:
        wanted(auth0_role=role)

    assert refused.value.field == "auth0_role"
    assert refused.value.code == "unknown_role"
    assert f"“{role}”" in str(refused.value)


@pytest.mark.parametrize(
    ("department", "code"),
    [
        ("Heat Press", "HP"),
        ("picking", "P"),
        ("Direct to  Garment", "DTG"),
        ("Élan Vital", "ÉV"),
        ("", ""),
        ("Packing", "PK"),
    ],
)
def test_the_department_code_is_the_initials_unless_the_settings_name_another(
    department: str, code: str
) -> None:
    assert department_code(department, {"Packing": "PK"}) == code


def test_all_metadata_keys_are_known_as_ours() -> None:
    account = wanted()

    assert set(account.user_metadata) == set(USER_METADATA_KEYS)
    assert {*account.app_metadata, "previous_names"} == set(APP_METADATA_KEYS)


def test_no_metadata_has_a_name_that_auth0_reserves() -> None:
    assert not RESERVED & {*USER_METADATA_KEYS, *APP_METADATA_KEYS}


# Who should have an account


@pytest.mark.parametrize(
    ("over", "asks", "wants"),
    [
        ({}, True, True),
        ({"auth_method": "auth0"}, True, True),
        ({"auth_method": "pin"}, False, False),
        ({"is_active": False}, False, False),
        ({"is_archived": True}, False, False),
        ({"email_usable": False}, True, False),
        ({"shares_email_with": (43,)}, True, False),
    ],
)
def test_an_account_is_wanted_for_active_people_with_an_email_of_their_own(
    over: dict[str, Any], asks: bool, wants: bool
) -> None:
    assert ada(**over).asks_for_account is asks
    assert ada(**over).wants_account is wants


# Fingerprint

OTHER_VALUES: dict[str, Any] = {
    "employee_id": 43,
    "name": "Ada Quilt",
    "email": "ada.quill@example.com",
    "email_usable": False,
    "personal_email": "",
    "phone_number": "",
    "department": "Packing",
    "department_code": "HPR",
    "workspace": "TX",
    "timezone": "America/Denver",
    "connecteam_user_id": "",
    "hire_date": "2026-11-24",
    "is_active": False,
    "is_archived": True,
    "auth_method": "auth0",
    "auth0_role": "manager",
    "auth0_user_id": "auth0|x",
    "invitation": "personal",
    "shares_email_with": (43,),
    "podfactory": (),
}


@pytest.mark.parametrize("name", sorted({each.name for each in fields(Facts)} - {"previous_names"}))
def test_the_fingerprint_moves_with_each_field(name: str) -> None:
    assert ada(**{name: OTHER_VALUES[name]}).fingerprint() != ADA.fingerprint()


@pytest.mark.parametrize(
    "over", [{"mapping_id": 8}, {"email": ""}, {"verified": False}, {"score": 0.8}]
)
def test_the_fingerprint_moves_with_each_part_of_a_mapping(over: dict[str, Any]) -> None:
    other = replace(ADA.podfactory[0], **over)

    assert ada(podfactory=(other,)).fingerprint() != ADA.fingerprint()


def test_the_fingerprint_is_the_same_for_equal_facts() -> None:
    assert ada().fingerprint() == ada(name="".join(["Ada", " Quill"])).fingerprint()


def test_a_new_version_of_the_plan_moves_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ADA.fingerprint()

    monkeypatch.setattr("auth0sync.account.PLAN_VERSION", 2)

    assert ADA.fingerprint() == before


def test_the_fingerprint_fits_its_column() -> None:
    assert len(ada(name="王" * 255).fingerprint()) == 64


# Creating


def creation(**over: Any) -> dict[str, Any]:
    [step] = diff(wanted(**over), None)
    assert isinstance(step, Create)
    return step.body


def test_without_an_account_it_is_created_in_one_step() -> None:
    body = creation()

    assert body["email"] == "ada@example.com"
    assert (body["name"], body["given_name"], body["family_name"]) == ("Ada Quill", "Ada", "Quill")
    assert body["user_metadata"] == wanted().user_metadata
    assert body["app_metadata"] == wanted().app_metadata
    assert set(body) == {
        *("email", "name", "given_name", "family_name", "user_metadata", "app_metadata")
    }


def test_a_creation_has_neither_nothing_nor_empty_text() -> None:
    empty = dict.fromkeys(
        (
            *("name", "personal_email", "phone_number", "department", "department_code"),
            *("workspace", "connecteam_user_id", "hire_date"),
        ),
        "",
    )

    body = creation(**empty, podfactory=())

    values = [*body.values(), *body["user_metadata"].values(), *body["app_metadata"].values()]
    assert not [value for value in values if value is None or value == ""]


@pytest.mark.parametrize("letter", ["x", "王", "🙂", '"'])
def test_the_longest_row_makes_a_profile_below_eight_kilobytes(letter: str) -> None:
    body = creation(
        employee_id=2**31 - 1,
        name=(letter * 100 + " " + letter * 255)[:255],
        email="x" * 242 + "@example.com",
        personal_email=(letter * 255),
        phone_number=letter * 20,
        department=letter * 100,
        department_code=letter * 50,
        workspace=letter * 10,
        connecteam_user_id=letter * 50,
        podfactory=(mapping(email=letter * 255),),
    )

    assert len(json.dumps(body, ensure_ascii=False).encode()) < 8_000


# Whom the account is for


def aimed_at(seen: Seen | None = None, *, has_account: bool = True, **over: Any) -> Any:
    refused = over.pop("email_refused", False)
    return wanted_of(
        ada(**over),
        seen,
        has_account=has_account,
        installation=INSTALLATION,
        assign_roles=True,
        email_refused=refused,
    )


def test_a_row_that_is_gone_wants_nothing() -> None:
    whatever: dict[str, Any] = {
        "has_account": True,
        "installation": INSTALLATION,
        "assign_roles": True,
    }

    assert wanted_of(None, as_seen(), **whatever) is None


@pytest.mark.parametrize(
    "over", [{"is_active": False}, {"is_archived": True}, {"auth_method": "pin"}]
)
def test_whoever_does_not_sign_in_with_auth0_wants_nothing(over: dict[str, Any]) -> None:
    assert aimed_at(**over) is None


@pytest.mark.parametrize("seen", [None, as_seen()])
def test_a_row_aims_at_the_account_it_wants(seen: Seen | None) -> None:
    assert aimed_at(seen) == wanted()


def test_two_rows_with_one_email_aim_at_nothing_and_both_are_named() -> None:
    with pytest.raises(Conflict, match="employee 7, 9"):
        aimed_at(shares_email_with=(7, 9))


def test_without_an_email_there_is_no_account_to_make_but_one_to_keep() -> None:
    assert aimed_at(email_usable=False, has_account=False) is None
    kept = aimed_at(as_seen(email="before@example.com"), email_usable=False)
    assert kept == keep_email(wanted(), as_seen(email="before@example.com"))


def test_an_email_that_auth0_refuses_leaves_the_one_it_has() -> None:
    aim = aimed_at(as_seen(email="before@example.com"), email_refused=True)

    assert aim.email == "before@example.com"


# Comparing


def test_nothing_is_done_when_nothing_differs() -> None:
    assert diff(wanted(), as_seen()) == []


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_done_after_a_creation_whatever_the_row(role: str) -> None:
    bare = {"phone_number": "", "personal_email": "", "workspace": "", "podfactory": ()}
    account = wanted(name="Cher", auth0_role=role, **bare)

    assert diff(account, as_seen(account)) == []


@pytest.mark.parametrize(
    ("column", "value", "changes"),
    [
        ("phone_number", "1", {"user_metadata": {"phone_number": "1"}}),
        ("personal_email", "a@b.example", {"user_metadata": {"personal_email": "a@b.example"}}),
        ("hire_date", "2026-12-01", {"user_metadata": {"hire_date": "2026-12-01"}}),
        ("department", "Packing", {"user_metadata": {"department": "Packing"}}),
        ("timezone", "Europe/Riga", {"user_metadata": {"timezone": "Europe/Riga"}}),
        ("auth_method", "auth0", {"user_metadata": {"is_shop_floor": False}}),
        ("connecteam_user_id", "ct-1", {"app_metadata": {"connecteam_id": "ct-1"}}),
        ("department_code", "PK", {"app_metadata": {"department_code": "PK"}}),
        ("workspace", "TX", {"app_metadata": {"workspace": "TX"}}),
    ],
)
def test_only_the_key_that_differs_is_sent(
    column: str, value: str, changes: dict[str, Any]
) -> None:
    assert update_between({}, {column: value}) == changes


def test_several_changes_are_one_update() -> None:
    seen = as_seen(wanted(phone_number="1", workspace="TX", name="Ada Quilt"), blocked=True)

    steps = diff(wanted(), seen)

    assert steps == [
        Update(
            {
                "blocked": False,
                "name": "Ada Quill",
                "family_name": "Quill",
                "user_metadata": {"full_name": "Ada Quill", "phone_number": "+1 662 555 0100"},
                "app_metadata": {"workspace": "MS", "previous_names": ["Ada Quilt"]},
            }
        )
    ]


def test_a_column_that_was_emptied_is_unset() -> None:
    assert update_between({}, {"phone_number": ""}) == {"user_metadata": {"phone_number": None}}


def test_a_family_name_that_is_no_more_is_unset() -> None:
    changes = update_between({"name": "Cher Bono"}, {"name": "Cher"})

    assert changes["family_name"] is None
    assert "given_name" not in changes


@pytest.mark.parametrize("empty", ["", None])
def test_empty_and_nothing_are_the_same(empty: str | None) -> None:
    account = wanted(name="Cher", phone_number="")
    seen = as_seen(account, family_name=empty)
    seen = replace(seen, user_metadata={**seen.user_metadata, "phone_number": empty})

    assert diff(account, seen) == []


def test_zero_and_false_are_not_nothing() -> None:
    account = wanted(podfactory=())
    bare = as_seen(account)
    seen = replace(
        bare, app_metadata={**bare.app_metadata, "podfactory_enabled": None, "employee_id": ""}
    )

    [step] = diff(account, seen)

    assert step == Update({"app_metadata": {"employee_id": 42, "podfactory_enabled": False}})


def test_a_marker_in_text_is_mended_to_a_number() -> None:
    bare = as_seen()
    seen = replace(bare, app_metadata={**bare.app_metadata, "employee_id": "42"})

    assert diff(wanted(), seen) == [Update({"app_metadata": {"employee_id": 42}})]


@pytest.mark.parametrize(
    "over", [{"name": "Ada Quilt"}, {"email": "b@example.com"}, {"phone_number": "1"}]
)
def test_an_update_never_holds_empty_metadata_which_would_wipe_it(over: dict[str, Any]) -> None:
    changes = update_between({}, over)

    assert {} not in changes.values()


def test_an_update_that_concerns_no_metadata_has_none() -> None:
    assert diff(wanted(), as_seen(blocked=True)) == [Update({"blocked": False})]


def test_what_others_keep_in_the_metadata_is_left_alone() -> None:
    profile = {
        "user_id": "auth0|x",
        "email": "ada@example.com",
        "name": "Ada Quill",
        "given_name": "Ada",
        "family_name": "Quill",
        "user_metadata": {**wanted().user_metadata, "theme": "dark"},
        "app_metadata": {**wanted().app_metadata, "provisioned_at": "x", "sync_status": "y"},
    }

    seen = Seen.of(profile).with_roles(("team_lead",))

    assert diff(wanted(), seen) == []
    assert "theme" not in seen.user_metadata
    assert not {"provisioned_at", "sync_status"} & set(seen.app_metadata)


def test_the_name_is_never_taken_away_since_auth0_would_show_the_email() -> None:
    changes = update_between({}, {"name": ""})

    assert "name" not in changes
    assert changes["given_name"] is None


# E-mail


@pytest.mark.parametrize("verified", [True, False])
def test_a_new_email_is_always_sent_as_unverified(verified: bool) -> None:
    seen = as_seen(wanted(email="old@example.com"), email_verified=verified)

    assert diff(wanted(), seen) == [Update({"email": "ada@example.com", "email_verified": False})]


def test_an_email_that_stays_keeps_its_verification() -> None:
    [step] = diff(wanted(), as_seen(wanted(workspace="TX"), email_verified=True))

    assert step == Update({"app_metadata": {"workspace": "MS"}})


def test_an_email_that_is_refused_can_be_kept_while_the_rest_goes_out() -> None:
    seen = as_seen(wanted(email="old@example.com", workspace="TX"))

    [step] = diff(keep_email(wanted(), seen), seen)

    assert step == Update({"app_metadata": {"workspace": "MS"}})


# Previous names


def renamed(seen_name: str, *earlier: Any, to: str = "Ada Quill", **over: Any) -> list[str] | None:
    """The previous names that are sent when Auth0 shows ``seen_name`` and the row says ``to``."""
    bare = as_seen(wanted(name=seen_name), **over)
    seen = replace(
        bare, name=seen_name, app_metadata={**bare.app_metadata, "previous_names": list(earlier)}
    )
    [step] = diff(wanted(name=to), seen)
    assert isinstance(step, Update)
    found: list[str] | None = step.changes.get("app_metadata", {}).get("previous_names")
    return found


def test_the_old_name_goes_before_the_earlier_ones() -> None:
    assert renamed("Ada B", "Ada A") == ["Ada B", "Ada A"]


def test_the_first_old_name_is_kept_where_there_was_no_list() -> None:
    assert update_between({"name": "Ada Quilt"}, {})["app_metadata"] == {
        "previous_names": ["Ada Quilt"]
    }


def test_a_name_is_kept_once_where_it_was_last_given_up() -> None:
    assert renamed("Ada A", "Ada B", "Ada A", "Ada C") == ["Ada A", "Ada B", "Ada C"]


def test_the_present_name_is_no_previous_one() -> None:
    assert renamed("Ada B", "Ada Quill", "Ada A") == ["Ada B", "Ada A"]


def test_the_last_ten_names_are_kept() -> None:
    earlier = [f"Ada {number}" for number in range(10)]

    assert renamed("Ada B", *earlier) == ["Ada B", *earlier[:9]]


@pytest.mark.parametrize("name", ["ada@example.com", "Ada@Example.com"])
def test_the_email_that_auth0_shows_for_want_of_a_name_was_no_name(name: str) -> None:
    assert renamed(name) is None


def test_names_are_dropped_from_the_end_where_the_profile_would_grow_too_large() -> None:
    long = "王" * 120 + " " + "小" * 134
    earlier = [f"{number}{long[1:]}" for number in range(10)]

    names = renamed("Ada B", *earlier, to=long)

    assert names is not None
    assert names[0] == "Ada B"
    assert names[1:] == earlier[: len(names) - 1]
    body = creation(name=long)
    rest = len(json.dumps(body, ensure_ascii=False).encode())
    size = rest + len(json.dumps(names, ensure_ascii=False).encode())
    one_more = size + len(json.dumps(earlier[len(names) - 1], ensure_ascii=False).encode()) + 2
    assert size <= PROFILE_BYTES_MOST < one_more


def test_a_profile_may_be_exactly_as_large_as_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(creation(name="Ada Quill"), ensure_ascii=False)
    size = len(body.encode()) + len(json.dumps(["Ada B", "Ada A"]).encode())

    monkeypatch.setattr(plan, "PROFILE_BYTES_MOST", size)
    assert renamed("Ada B", "Ada A", to="Ada Quill") == ["Ada B", "Ada A"]
    monkeypatch.setattr(plan, "PROFILE_BYTES_MOST", size - 1)
    assert renamed("Ada B", "Ada A", to="Ada Quill") == ["Ada B"]


@pytest.mark.parametrize("before", ["Aaron Quill", "Zoe Quill"])
def test_a_name_is_kept_wherever_it_sorts_beside_the_email(before: str) -> None:
    assert renamed(before, to="Ada Quill") == [before]


def another(text: str | None) -> str:
    """An equal text that isn't the same object, as a text from a database is."""
    return "".join(text or "")


def test_equal_texts_are_equal_whichever_object_they_are() -> None:
    account = wanted()
    seen = as_seen(
        email=another(account.email),
        name=another(account.name),
        given_name=another(account.given_name),
        family_name=another(account.family_name),
        roles=(another(account.role),),
    )

    assert diff(account, seen) == []
    assert renamed("Ada B", another(account.name), to="Ada Quill") == ["Ada B"]


def test_a_new_account_has_the_names_from_before_it_was_made() -> None:
    earlier = ("Ada B", "Ada Quill", "", "Ada A", "Ada B", *(f"Ada {n}" for n in range(10)))

    body = creation(previous_names=earlier)

    assert body["app_metadata"].pop("previous_names") == [
        "Ada B",
        "Ada A",
        *(f"Ada {n}" for n in range(8)),
    ]
    assert body == creation()


def test_of_a_new_account_names_are_dropped_too_where_it_would_grow_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = len(json.dumps(creation(), ensure_ascii=False).encode())

    monkeypatch.setattr(plan, "PROFILE_BYTES_MOST", size + len('["Ada B"]'))
    two = creation(previous_names=("Ada B", "Ada A"))
    monkeypatch.setattr(plan, "PROFILE_BYTES_MOST", size)
    none = creation(previous_names=("Ada B", "Ada A"))

    assert two["app_metadata"]["previous_names"] == ["Ada B"]
    assert "previous_names" not in none["app_metadata"]


def test_names_from_before_the_account_change_nothing_of_one_that_exists() -> None:
    assert diff(wanted(previous_names=("Ada A",)), as_seen()) == []
    assert ada(previous_names=("Ada A",)).fingerprint() == ada().fingerprint()


def test_a_change_without_a_new_name_leaves_the_previous_names_alone() -> None:
    bare = as_seen(wanted(workspace="TX"))
    seen = replace(bare, app_metadata={**bare.app_metadata, "previous_names": ["Ada A"]})

    assert diff(wanted(), seen) == [Update({"app_metadata": {"workspace": "MS"}})]


# Roles


def roles(held: tuple[str, ...] | None) -> list[Step]:
    return diff(wanted(auth0_role="manager"), as_seen(wanted(auth0_role="manager"), roles=held))


def test_a_missing_role_is_given() -> None:
    assert roles(()) == [AddRole("manager")]


def test_a_wrong_role_of_ours_is_taken_away_first() -> None:
    assert roles(("team_lead", "admin")) == [
        RemoveRole("team_lead"),
        RemoveRole("admin"),
        AddRole("manager"),
    ]


def test_a_second_role_of_ours_is_taken_away() -> None:
    assert roles(("admin", "manager")) == [RemoveRole("admin")]


def test_a_role_of_somebody_else_is_left_alone() -> None:
    assert roles(("support", "manager")) == []


def test_roles_that_nobody_has_asked_for_yet_count_as_none() -> None:
    assert roles(None) == [AddRole("manager")]


@pytest.mark.parametrize("held", [(), ("admin",), None])
def test_no_role_is_touched_while_role_assignment_is_off(held: tuple[str, ...] | None) -> None:
    account = desired(ADA, installation=INSTALLATION, assign_roles=False)

    assert diff(account, as_seen(account, roles=held)) == []


def test_the_fields_go_before_the_role() -> None:
    steps = diff(wanted(), as_seen(wanted(workspace="TX"), roles=("admin",)))

    assert [type(step) for step in steps] == [Update, RemoveRole, AddRole]


# Closing


def test_nothing_is_done_where_no_account_is_and_none_is_wanted() -> None:
    assert diff(None, None) == []


def test_closing_blocks_then_ends_sessions_and_tokens_then_reads_back() -> None:
    assert diff(None, as_seen()) == [
        Block(),
        Close("sessions"),
        Close("refresh_tokens"),
        Close("read_back"),
    ]


@pytest.mark.parametrize(
    ("closed", "left"),
    [
        ((), ["sessions", "refresh_tokens", "read_back"]),
        (("sessions",), ["refresh_tokens", "read_back"]),
        (("sessions", "refresh_tokens"), ["read_back"]),
        (("read_back",), ["sessions", "refresh_tokens"]),
        (("sessions", "refresh_tokens", "read_back"), []),
    ],
)
def test_no_step_of_closing_is_done_twice(closed: tuple[str, ...], left: list[str]) -> None:
    steps = diff(None, as_seen(blocked=True, closed=closed))

    assert steps == [Close(what) for what in left]


def test_a_block_that_somebody_lifted_starts_the_closing_over() -> None:
    done = as_seen(blocked=True, closed=("sessions", "refresh_tokens", "read_back"))
    profile = {"user_id": done.user_id, "email": done.email, "blocked": False}

    steps = diff(None, Seen.of(profile, done))

    assert [str(step) for step in steps][0] == "block the account"
    assert len(steps) == 4


def test_what_was_closed_is_remembered_while_the_block_stands() -> None:
    done = as_seen(blocked=True, closed=("sessions",))
    profile = {"user_id": done.user_id, "email": done.email, "blocked": True}

    assert Seen.of(profile, done).closed == ("sessions",)


def test_whoever_comes_back_is_unblocked_and_nothing_more() -> None:
    seen = as_seen(blocked=True, closed=("sessions", "refresh_tokens", "read_back"))

    assert diff(wanted(), seen) == [Update({"blocked": False})]


# Seen


def test_a_bare_profile_is_seen_as_nothing_filled() -> None:
    seen = Seen.of({"user_id": "auth0|x"})

    assert seen == Seen("auth0|x", "", False, None, None, None, False)


def test_metadata_that_is_no_object_is_seen_as_none() -> None:
    seen = Seen.of({"user_id": "auth0|x", "user_metadata": None, "app_metadata": ["x"]})

    assert (seen.user_metadata, seen.app_metadata) == ({}, {})


@pytest.mark.parametrize("noted", [7, "Ada B", {"a": 1}])
def test_earlier_names_that_are_no_list_are_seen_as_none(noted: Any) -> None:
    seen = Seen.of({"user_id": "auth0|x", "app_metadata": {"previous_names": noted}})

    assert seen.app_metadata == {}


def test_a_key_without_a_value_is_not_remembered() -> None:
    seen = Seen.of({"user_id": "auth0|x", "app_metadata": {"workspace": None}})

    assert seen.app_metadata == {}


def test_roles_that_were_read_are_kept_when_the_profile_is_read_again() -> None:
    before = as_seen(roles=("admin",))

    assert Seen.of({"user_id": before.user_id}, before).roles == ("admin",)


@pytest.mark.parametrize(
    "seen",
    [
        as_seen(),
        as_seen(roles=None),
        as_seen(roles=("admin", "x"), blocked=True, closed=("sessions",)),
        Seen("auth0|x", "", False, None, None, None, False),
    ],
)
def test_what_was_seen_comes_back_from_json_as_it_was(seen: Seen) -> None:
    assert Seen.from_json(json.loads(json.dumps(seen.as_json()))) == seen


# Whether an answer shows what was sent


PROFILE = {
    "user_id": "auth0|x",
    "email": "ada@example.com",
    "name": "Ada",
    "user_metadata": {"phone_number": "1", "theme": "dark"},
    "app_metadata": {"previous_names": ["A", "B"], "podfactory_enabled": False},
}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"name": "Ada"},
        {"email": "ada@example.com", "email_verified": False},
        {"family_name": None},
        {"family_name": ""},
        {"blocked": False},
        {"user_metadata": {"phone_number": "1"}},
        {"user_metadata": {"department": None}},
        {"app_metadata": {"previous_names": ["A", "B"], "podfactory_enabled": False}},
    ],
)
def test_an_answer_holds_what_was_sent(sent: dict[str, Any]) -> None:
    assert holds(PROFILE, sent)


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "Ava"},
        {"name": "Ada", "given_name": "Ada"},
        {"name": None},
        {"email": "eve@example.com"},
        {"email_verified": True},
        {"blocked": True},
        {"user_metadata": {"phone_number": "2"}},
        {"user_metadata": {"phone_number": None}},
        {"user_metadata": {"phone_number": "1", "department": "x"}},
        {"app_metadata": {"previous_names": ["B", "A"]}},
        {"app_metadata": {"podfactory_enabled": True}},
    ],
)
def test_an_answer_that_passed_a_field_over_does_not_hold(sent: dict[str, Any]) -> None:
    assert not holds(PROFILE, sent)


@pytest.mark.parametrize("flag", ["blocked", "email_verified"])
@pytest.mark.parametrize("sent", [True, False])
def test_an_answer_that_says_the_opposite_of_a_flag_does_not_hold_it(flag: str, sent: bool) -> None:
    assert holds({flag: sent}, {flag: sent})
    assert not holds({flag: not sent}, {flag: sent})


def test_an_answer_without_metadata_holds_only_what_was_unset() -> None:
    assert holds({"user_id": "auth0|x"}, {"app_metadata": {"workspace": None}})
    assert not holds({"user_id": "auth0|x"}, {"app_metadata": {"workspace": "MS"}})


# Sentences


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (Create({}), "create the account"),
        (
            Update({"name": "A", "blocked": False, "app_metadata": {"workspace": "x", "y": None}}),
            "update name, blocked, workspace, app_metadata.y",
        ),
        (Block(), "block the account"),
        (Close("sessions"), "end the Auth0 sessions"),
        (Close("refresh_tokens"), "revoke the refresh tokens"),
        (Close("read_back"), "read the block back"),
        (GiveUp("x@y.invalid"), "give up the e-mail, which is somebody else's now"),
        (RemoveRole("admin"), "take the role admin away"),
        (AddRole("admin"), "give the role admin"),
    ],
)
def test_a_step_prints_as_a_sentence_without_values(step: Step, sentence: str) -> None:
    assert str(step) == sentence
