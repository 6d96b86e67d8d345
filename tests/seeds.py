"""The seed of this run of the tests: one for all processes, printed, and given again by name.

`TGD_TEST_SEED` repeats it; chance chooses it otherwise.
"""

import os
import random

NAME = "TGD_TEST_SEED"


def seed() -> int:
    """The one of this run."""
    return int(os.environ[NAME])


def choose() -> int:
    """Before any test is read, in the process that starts the others: they inherit it."""
    return int(os.environ.setdefault(NAME, str(random.SystemRandom().randrange(1, 10**6))))
