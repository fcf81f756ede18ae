"""SIGTERM in the middle of the work, a new server at the same address, and logs that nobody can write."""

import subprocess
import threading
import time

from faults.messages import explain
from faults.steady import reference_scores
from faults.tally import Tally
from support.client import Client
from support.paths import DEMO
from support.server import Server

CALLERS = 4
# UNAVAILABLE: refused while draining, or nobody listens yet. Both may be tried again.
# CANCELLED: reached the server in the instant in which gRPC closes it; gRPC resets such a stream before we see it. The
# drain notice is there so that callers have gone elsewhere by then; these here never do, and one each may meet it.
ENDS = ("OK", "UNAVAILABLE", "CANCELLED")


def keep_asking(address, stop, tally):
    with Client(address) as client:
        while not stop.is_set():
            if tally.run(lambda: client.stub.Explain(explain(), timeout=30)) is None:
                time.sleep(0.02)


def test_a_restart_under_load_loses_no_request_without_a_word():
    tally, stop = Tally(), threading.Event()
    with Server({"demo": DEMO}) as first:
        address = first.address
        callers = [threading.Thread(target=keep_asking, args=(address, stop, tally)) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        time.sleep(1)
        started = time.monotonic()
        code = first.stop()
        stopped_after = time.monotonic() - started
    with Server({"demo": DEMO}, listen=address) as second, Client(address) as client:
        until_ok = tally.ends["OK"] + 50
        deadline = time.monotonic() + 60
        while tally.ends["OK"] < until_ok and time.monotonic() < deadline:
            time.sleep(0.05)
        stop.set()
        for caller in callers:
            caller.join()
        print(f"\nfault restart under load: {tally}; ended with {code} after {stopped_after:.2f} s")
        assert code == 0
        assert tally.ends["OK"] >= until_ok, "the callers come back by themselves"
        assert tally.unexplained(ENDS) == 0 and tally.ends["CANCELLED"] <= CALLERS, str(tally)
        assert len(reference_scores(client)) == 5 and second.alive()


def requests_with_output(output) -> Tally:
    """A server that writes its log to `output`, under 50 requests, and a stop with exit code 0."""
    tally = Tally()
    with Server({"demo": DEMO}, log_to=output) as server, Client(server.address) as client:
        for _ in range(50):
            tally.run(lambda: client.stub.Explain(explain(), timeout=30))
        assert server.alive()
    return tally


def test_a_full_disk_under_the_log_stops_nobody():
    with open("/dev/full", "wb") as full:
        tally = requests_with_output(full)
    print(f"\nfault full disk: {tally}")
    assert tally.ends == {"OK": 50}


def test_a_log_reader_that_went_away_stops_nobody():
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    with reader.stdin as pipe:
        tally = requests_with_output(pipe)
    print(f"\nfault closed pipe: {tally}")
    assert tally.ends == {"OK": 50}
