"""Ten thousand requests that are wrong in every way at hand."""

import grpc

from faults import malformed
from faults.steady import Steady
from faults.threads import side_by_side

THREADS = 4
EACH = 2500


def flood(address, each, first_seed):
    def one(seed):
        with grpc.insecure_channel(address) as channel:
            return malformed.send(channel, each, seed)

    return side_by_side([lambda seed=first_seed + i: one(seed) for i in range(THREADS)])


def test_ten_thousand_wrong_requests_are_each_answered_and_leave_nothing_behind(server, client):
    flood(server.address, 50, 100)  # what is allocated once
    with Steady(server, client, "malformed requests") as steady:
        tally = flood(server.address, EACH, 1)
        steady.note(tally)
        assert tally.sent == THREADS * EACH
        assert tally.unexplained(malformed.ENDS) == 0, str(tally)
        assert tally.ends["INVALID_ARGUMENT"] > tally.sent / 4, str(tally)


def test_metadata_beyond_the_limit_costs_its_sender_only(server, client):
    malformed.send_huge_metadata(server.address, 6)
    with Steady(server, client, "huge metadata") as steady:
        tally = malformed.send_huge_metadata(server.address, 150)
        steady.note(tally)
        assert tally.unexplained(("OK", "RESOURCE_EXHAUSTED", "UNAVAILABLE")) == 0, str(tally)
        assert tally.ends["RESOURCE_EXHAUSTED"] > 0
