"""For what happens behind an answer's back."""

import time

WAIT_SECONDS = 60


def until(condition, what):
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {WAIT_SECONDS} s")
