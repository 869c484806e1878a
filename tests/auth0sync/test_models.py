"""The tables as people and shells read them."""

from datetime import UTC, datetime

import pytest
from django.db.models import Model

from auth0sync.models import (
    Account,
    Brake,
    BrakeCount,
    Bucket,
    Heartbeat,
    Incident,
    Pause,
    StagedBatch,
    SyncLog,
    TenantState,
)

NINE = datetime(2026, 3, 2, 9, 0, 0, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (Account(pk=7), "account of employee 7"),
        (
            SyncLog(action="block account", status="success", employee_id=7),
            "block account success for employee 7",
        ),
        (TenantState(installation="abc"), "installation abc"),
        (Pause(capability="roles"), "roles is paused"),
        (Bucket(name="management", next_at=NINE), "management: next call at 09:00:00.250000"),
        (Heartbeat(name="host:1:1"), "host:1:1, last beat None"),
        (StagedBatch(pk=3, kind=StagedBatch.Kind.CHANGES), "batch 3: blocks, e-mails and roles"),
        (BrakeCount(employee_id=7, risk="block"), "employee 7: block"),
        (Brake(), "the brake's lock"),
        (
            Incident(key="token", subject="Auth0 refuses the token"),
            "token: Auth0 refuses the token",
        ),
    ],
)
def test_every_row_says_what_it_is(row: Model, says: str) -> None:
    assert str(row) == says
