"""The commands: parse, call one function, say what happened."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from auth0sync.models import TenantState
from tests.auth0sync.people import add, row_of
from tests.devtenant.running import RunningTenant


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_sync_brings_one_employee_in_step_and_says_so(tenant: RunningTenant) -> None:
    ana = add()

    assert said("auth0_sync", "--employee", str(ana.pk)) == f"{ana.pk}: in step\n"
    assert row_of(ana).auth0_sync_status == "created"


def test_sync_takes_all_that_are_due(tenant: RunningTenant) -> None:
    for n in range(3):
        add(email=f"p{n}@example.com")

    assert said("auth0_sync", "--due").count("in step") == 3


def test_sync_says_why_somebody_is_not_in_step(tenant: RunningTenant) -> None:
    ana = add()
    tenant.fault(match={"path": "/api/v2/.*"}, kind="status", status=400)

    assert "Auth0 refuses this person's data" in said("auth0_sync", "--employee", str(ana.pk))


def test_sync_asks_whom(state: TenantState) -> None:
    with pytest.raises(CommandError, match="Say whom"):
        call_command("auth0_sync")


def test_sync_says_when_there_is_no_tenant(state: TenantState) -> None:
    with pytest.raises(CommandError, match="AUTH0_DOMAIN"):
        call_command("auth0_sync", "--due")


@pytest.mark.django_db(transaction=True)
def test_the_name_of_the_installation_outlives_the_removal_of_the_app(
    transactional_db: None,
) -> None:
    TenantState.objects.all().delete()
    TenantState.objects.create(installation="keepme1234")

    MigrationExecutor(connection).migrate([("auth0sync", None)])
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("auth0sync"))

    assert TenantState.objects.get().installation == "keepme1234"


@pytest.mark.django_db(transaction=True)
def test_an_installation_that_has_lost_its_name_gets_another(transactional_db: None) -> None:
    TenantState.objects.all().delete()

    MigrationExecutor(connection).migrate([("auth0sync", None)])
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("auth0sync"))

    assert len(TenantState.objects.get().installation) == 10
