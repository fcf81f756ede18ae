"""Runs callers side by side."""

from concurrent.futures import ThreadPoolExecutor

from faults.tally import Tally


def side_by_side(calls) -> Tally:
    """Each of `calls` gives a tally; all together."""
    total = Tally()
    calls = list(calls)
    with ThreadPoolExecutor(len(calls)) as pool:
        for part in pool.map(lambda call: call(), calls):
            total.add(part)
    return total
