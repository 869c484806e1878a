"""One person who signs in for the first time with several browsers at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

from django.db import connections
from social_django.models import DjangoStorage, UserSocialAuth
from social_django.strategy import DjangoStrategy

from auth0sync.login import Auth0, associate, follow_role, match_employee, user_for_employee
from employees.models import Change, EmployeeUser
from tests.builders import CommittedTestCase, make_employee

BROWSERS = 3


class SeveralBrowsersTests(CommittedTestCase):
    def test_all_get_in_as_the_one_user_of_a_person_whose_row_names_the_account(self) -> None:
        for number in range(5):
            uid = f"auth0|known-{number}"
            ana = make_employee(auth_method="auth0", auth0_user_id=uid)

            users = at_once(uid, "")

            with self.subTest(number):
                self.assertEqual(users, {EmployeeUser.objects.get(employee=ana).user_id})
                self.assertEqual(UserSocialAuth.objects.filter(uid=uid).count(), 1)

    def test_all_get_in_when_the_account_is_linked_by_the_email_only_now(self) -> None:
        for number in range(5):
            ana = make_employee(auth_method="auth0", email=f"new{number}@example.com")

            users = at_once(f"auth0|new-{number}", str(ana.email))

            with self.subTest(number):
                self.assertEqual(users, {EmployeeUser.objects.get(employee=ana).user_id})
                links = Change.objects.filter(employee_id=ana.pk, action__startswith="linked")
                self.assertEqual(links.count(), 1)


def at_once(uid: str, email: str) -> set[int]:
    """What the pipeline does for each browser, a connection each; returns whose users they got."""
    start = Barrier(BROWSERS)
    with ThreadPoolExecutor(BROWSERS) as pool:
        asked = [pool.submit(partial(sign_in, uid, email, start)) for _ in range(BROWSERS)]
        return {each.result() for each in asked}


def sign_in(uid: str, email: str, start: Barrier) -> int:
    backend = Auth0(DjangoStrategy(DjangoStorage))
    start.wait(30)
    try:
        details = {"email": email, "email_verified": bool(email)}
        employee = match_employee(backend, uid, details)["employee"]
        user = user_for_employee(backend, employee)["user"]
        associate(backend, uid, user)
        follow_role(backend, employee, user)
        return int(user.pk)
    finally:
        connections.close_all()
