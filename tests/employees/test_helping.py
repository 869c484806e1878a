"""Whom a supervisor can help at the kiosk, and how names are found there by touching letters."""

from django.test import TestCase

from employees.actors import actor_at_kiosk
from employees.helping import ON_A_PAGE, choose, helped_by
from employees.models import Employee
from tests.builders import make_employee


class ChoosingTests(TestCase):
    """Names are found by touching letters, however many people there are."""

    def test_a_few_are_listed_at_once(self) -> None:
        for name in ("Bo", "Ada", "Cy"):
            make_employee(name=name)

        choice = choose(Employee.objects.all(), "")

        self.assertEqual([person.name for person in choice.people], ["Ada", "Bo", "Cy"])
        self.assertEqual(choice.starts, [])

    def test_of_many_the_next_letters_are_offered(self) -> None:
        for n in range(ON_A_PAGE):
            make_employee(name=f"Ada {n}")
        for name in ("álvaro", "Bo", "李雷", "O'Neil"):
            make_employee(name=name)

        starts = choose(Employee.objects.all(), "").starts

        self.assertTrue({"B", "O", "李"} <= set(starts))
        reached = [name for s in starts for name in self.reached(s)]
        self.assertEqual(set(reached), set(Employee.objects.values_list("name", flat=True)))

    def reached(self, start: str) -> list[str]:
        """All names behind this start, by touching on."""
        choice = choose(Employee.objects.all(), start)
        names = [person.name for person in choice.people]
        return names + [name for longer in choice.starts for name in self.reached(longer)]

    def test_letters_that_all_share_are_passed_over(self) -> None:
        for n in range(ON_A_PAGE + 1):
            make_employee(name=f"Maria {chr(65 + n)}")

        choice = choose(Employee.objects.all(), "M")

        self.assertIn("MARIA A", choice.starts)

    def test_more_of_one_name_than_fit_end_in_a_list(self) -> None:
        for _ in range(ON_A_PAGE + 2):
            make_employee(name="Maria")

        make_employee(name="Maria Anders")

        choice = choose(Employee.objects.all(), "")

        self.assertEqual({person.name for person in choice.people}, {"Maria"})
        self.assertEqual(len(choice.people), ON_A_PAGE)
        self.assertEqual(choice.starts, ["MARIA "])

    def test_a_name_of_one_word_is_reached_among_many_that_begin_with_it(self) -> None:
        make_employee(name="Maria")
        for n in range(ON_A_PAGE + 1):
            make_employee(name=f"Maria {chr(65 + n)}")

        choice = choose(Employee.objects.all(), "M")

        self.assertEqual([person.name for person in choice.people], ["Maria"])
        self.assertEqual(choice.starts, ["MARIA "])
        self.assertEqual(len(set(self.reached("M"))), ON_A_PAGE + 2)

    def test_an_address_with_more_letters_than_are_ever_offered_is_cut_to_them(self) -> None:
        maria = make_employee(name="Maria Magdalena")

        choice = choose(Employee.objects.all(), "Maria Magdal" + "x" * 1000)

        self.assertEqual(choice.people, [maria])

    def test_an_administrator_reaches_everybody_but_herself(self) -> None:
        own, peer = (make_employee(auth0_role="admin", auth_method="hybrid") for _ in range(2))

        people = helped_by(actor_at_kiosk(own), "")

        self.assertIn(peer, people)
        self.assertNotIn(own, people)
