"""Why a measurement ends without figures."""


class BenchFailed(Exception):
    """The bench can't go on; the message is a sentence for the person at the terminal."""
