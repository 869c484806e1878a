from django.test import SimpleTestCase, override_settings

from employees.emails import is_placeholder, is_usable, normalise_email


class NormaliseTests(SimpleTestCase):
    def test_space_and_case_do_not_count(self) -> None:
        self.assertEqual(normalise_email("  Ada.Quill@Example.COM "), "ada.quill@example.com")

    def test_composed_and_decomposed_accents_are_one(self) -> None:
        self.assertEqual(normalise_email("jose\u0301@example.com"), "jos\u00e9@example.com")

    def test_an_accent_still_makes_a_difference(self) -> None:
        self.assertNotEqual(
            normalise_email("josé@example.com"), normalise_email("jose@example.com")
        )

    def test_nothing_becomes_the_empty_text(self) -> None:
        self.assertEqual([normalise_email(None), normalise_email("  ")], ["", ""])


class UsableTests(SimpleTestCase):
    def test_an_ordinary_address_is_usable(self) -> None:
        self.assertTrue(is_usable("ada@example.com"))

    def test_a_placeholder_is_not_usable(self) -> None:
        self.assertTrue(is_placeholder("1234@Company.com"))
        self.assertFalse(is_usable("1234@company.com"))

    @override_settings(PLACEHOLDER_EMAIL_DOMAINS=["nowhere.example"])
    def test_the_setting_names_the_placeholder_domains(self) -> None:
        self.assertTrue(is_placeholder("7@nowhere.example"))
        self.assertFalse(is_placeholder("7@company.com"))

    def test_a_domain_that_only_ends_alike_is_no_placeholder(self) -> None:
        self.assertFalse(is_placeholder("ada@mycompany.com"))

    def test_what_is_no_address_is_not_usable(self) -> None:
        for text in (None, "", "ada", "ada@", "a b@example.com", "ada@example.com\nbcc: x"):
            with self.subTest(text=text):
                self.assertFalse(is_usable(text))

    def test_more_than_254_characters_are_not_usable(self) -> None:
        domain = ".".join(["d" * 60] * 4) + ".example"
        self.assertFalse(is_usable(f"ada@{domain}"))
