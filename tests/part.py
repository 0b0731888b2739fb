"""HDA_TEST_PART, K/N, for the tests in Python: as in_part of tests/tap.sh."""
import os

PART, PARTS = map(int, (os.environ.get("HDA_TEST_PART") or "1/1").split("/"))


def in_part(items):
    """Of a long list this suite's share."""
    return items[PART - 1::PARTS]
