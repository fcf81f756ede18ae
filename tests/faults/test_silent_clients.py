"""Clients that never read and peers that never speak cost little and hold up nobody."""

from faults import clients
from faults.messages import explain
from faults.steady import LARGE_ANSWERS_SLACK_BYTES, MIB, Steady
from faults.tally import Tally
from support.client import Client
from support.process import num_descriptors, resident_bytes

SILENT = 200
UNREAD = 8


def ask(address, count) -> Tally:
    """As many requests, each on a connection of its own."""
    tally = Tally()
    for _ in range(count):
        with Client(address) as client:
            tally.run(lambda: client.stub.Explain(explain(), timeout=60))
    return tally


def test_silent_connections_hold_up_nobody(server, client):
    with Steady(server, client, "silent connections") as steady:
        with clients.silent_connections(server.address, SILENT):
            tally = ask(server.address, 20)
            steady.note(f"{SILENT} silent, {num_descriptors(server.process.pid)} descriptors meanwhile, {tally}")
            assert tally.ends == {"OK": 20}


def test_a_flood_of_connections_leaves_nothing_open(server, client):
    with Steady(server, client, "connection flood") as steady:
        for _ in range(10):
            with clients.silent_connections(server.address, 100):
                pass
        tally = ask(server.address, 100)
        steady.note(f"1000 opened and closed, then {tally}")
        assert tally.ends == {"OK": 100}


def test_readers_that_never_read_hold_up_nobody(server, client):
    with clients.unread_streams(client, UNREAD):
        pass
    with Steady(server, client, "readers that never read", LARGE_ANSWERS_SLACK_BYTES) as steady:
        before = resident_bytes(server.process.pid)
        with clients.unread_streams(client, UNREAD):
            tally = ask(server.address, 20)
            held = (resident_bytes(server.process.pid) - before) / MIB
            steady.note(f"{UNREAD} unread answers of 75 MB hold {held:.0f} MiB, others: {tally}")
            assert tally.ends == {"OK": 20}
            # An answer waits as the maps it is cut from, not as messages beside them.
            assert held < UNREAD * 120
