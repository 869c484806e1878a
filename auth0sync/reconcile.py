"""The comparison of the whole tenant with the table of employees: where it begins and ends.

``compare`` decides what a failure means, ``_run`` is the way. Auth0's side is a picture
(reconcile_picture), taken once; the people's side is read page by page, and each person is judged
by a pure function (reconcile_judge). Nothing is changed here, in Auth0 or in the rows: what is
found is written down (reconcile_record) and decided later (reconcile_decisions).
Source: docs/architecture.md, "Comparison".
"""

import logging
from contextlib import closing

from django.conf import settings
from django.db import transaction

from auth0sync import reconcile_runs, switch
from auth0sync.errors import SyncError
from auth0sync.models import Comparison, TenantState
from auth0sync.reconcile_findings import Finder
from auth0sync.reconcile_list import Source, take_list, take_roles
from auth0sync.reconcile_picture import Picture
from auth0sync.reconcile_runs import Lease
from auth0sync.reconcile_sheet import Sheet
from employees.models import Employee

logger = logging.getLogger(__name__)

COMMAND = "auth0_reconcile"


def compare(lease: Lease, asked_by: str) -> Comparison:
    """Make the comparison that is wanted, or a new one, under a lease that was taken.

    Returns it, done or failed. Raises LeaseLost when another program has taken over.
    """
    row = reconcile_runs.begin(asked_by)
    if row.state == Comparison.State.FAILED:
        return row
    try:
        _run(row, lease)
    except SyncError as error:
        logger.error("The accounts can't be compared: %s", error)
        reconcile_runs.fail(row, error.code, str(error))
    return row


def _run(row: Comparison, lease: Lease) -> None:
    source = Source(lease)
    installation = TenantState.objects.get(pk=1).installation
    with closing(Picture(installation, settings.AUTH0_CONNECTION)) as picture:
        reconcile_runs.note(row, stage=Comparison.Stage.ROLES)
        has_roles = take_roles(source, picture)
        take_list(source, picture, row)
        to_look_at = Employee.objects.count()
        reconcile_runs.note(row, stage=Comparison.Stage.COMPARE, to_look_at=to_look_at)
        row.refresh_from_db()
        assert row.began_at is not None and row.export_at is not None  # noqa: S101
        finder = Finder(installation)
        sheet = Sheet(row, source, picture, finder, has_roles, row.began_at, row.export_at)
        columns = sheet.fill()
    with transaction.atomic():
        lease.renew()  # and nobody takes over before this is written
        reconcile_runs.done(row, **columns)
        switch.reconciled(COMMAND, row.began_at)
