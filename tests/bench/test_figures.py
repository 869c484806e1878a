from django.test import SimpleTestCase

from bench.figures import median, percentile, slowest


class PercentileTests(SimpleTestCase):
    def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(self) -> None:
        self.assertEqual(median([40.0, 10.0, 30.0, 20.0]), 25.0)

    def test_the_order_of_the_values_makes_no_difference(self) -> None:
        self.assertEqual(slowest([3.0, 1.0, 2.0]), slowest([1.0, 2.0, 3.0]))

    def test_the_95th_of_a_hundred_and_one_values_is_the_value_at_its_place(self) -> None:
        self.assertEqual(slowest([float(value) for value in range(101)]), 95.0)

    def test_it_is_interpolated_in_a_straight_line(self) -> None:
        self.assertAlmostEqual(percentile([0.0, 10.0], 95), 9.5)

    def test_the_ends_are_the_least_and_the_most(self) -> None:
        self.assertEqual(percentile([2.0, 7.0, 5.0], 0), 2.0)
        self.assertEqual(percentile([2.0, 7.0, 5.0], 100), 7.0)

    def test_one_value_is_every_percentile_of_itself(self) -> None:
        self.assertEqual(slowest([4.0]), 4.0)

    def test_no_values_have_no_percentile(self) -> None:
        with self.assertRaises(ValueError):
            median([])

    def test_more_than_a_hundred_per_cent_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            percentile([1.0], 101)
