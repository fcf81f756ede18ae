"""A long run: steady mixed load from several processes, and faults at random moments. Every request has to end in a way
that is known, and memory and descriptors have to stay where they were after the warm-up.

    python tests/faults/soak.py [--minutes 20] [--seed 1]     # prints a table; build/soak/results.json; exit code 0 or 1
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import grpc

from faults import clients, malformed
from faults.steady import DESCRIPTOR_SLACK, MIB, is_idle, make_busy, num_unfinished_calls
from faults.tally import Tally
from integration.waiting import until
from support.client import Client
from support.paths import BUILD, DEMO, REPO, minilm
from support.process import num_descriptors, num_threads, resident_bytes
from support.server import Server

PROCESSES = 3
SECONDS_BETWEEN_FAULTS = 4
MEMORY_SLACK = 0.05
# OK, or refused with the time to come back, when a fault takes the room.
LOAD_ENDS = ("OK", "RESOURCE_EXHAUSTED")


def kill_a_client(address, _client, rng) -> Tally:
    return clients.killed_mid_stream(address, rng.randint(1, 4))


def keep_silence(address, client, rng) -> Tally:
    with clients.silent_connections(address, rng.randint(5, 50)):
        return clients.hasty(client, 5)


def read_nothing(address, client, rng) -> Tally:
    with clients.unread_streams(client, rng.randint(1, 4)) as tally:
        time.sleep(rng.uniform(0, 2))
    return tally


def abort(_address, client, rng) -> Tally:
    return clients.aborted(client, rng.randint(20, 200), rng.random())


def hurry(_address, client, rng) -> Tally:
    return clients.hasty(client, rng.randint(5, 30))


def talk_nonsense(address, _client, rng) -> Tally:
    with grpc.insecure_channel(address) as channel:
        return malformed.send(channel, rng.randint(50, 300), rng.random())


# Each with the ends that its own requests may have.
FAULTS = {
    kill_a_client: (clients.KILLED,),
    keep_silence: ("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"),
    read_nothing: ("CANCELLED",),
    abort: ("CANCELLED", "RESOURCE_EXHAUSTED"),
    hurry: ("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"),
    talk_nonsense: malformed.ENDS,
}


class Load:
    """The load's processes, for as long as the block runs; afterwards their tallies."""

    def __init__(self, address, seed):
        self.command = [sys.executable, str(Path(__file__).with_name("soak_load.py")), address]
        self.seed, self.tallies = seed, {}

    def __enter__(self):
        self.processes = [subprocess.Popen([*self.command, str(self.seed + i)], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True) for i in range(PROCESSES)]
        return self

    def __exit__(self, kind, *_):
        for process in self.processes:
            process.stdin.close()
        for process in self.processes:
            printed = process.stdout.read()
            process.wait()
            for name, found in json.loads(printed or "{}").items():
                part = Tally()
                part.sent = found["sent"]
                part.ends.update(found["ends"])
                self.tallies.setdefault(name, Tally()).add(part)

    def all_alive(self):
        return all(process.poll() is None for process in self.processes)


class Samples:
    """What /proc says of the server, once a second."""

    def __init__(self, pid):
        self.pid, self.memory = pid, []

    def take(self):
        self.memory.append(resident_bytes(self.pid))

    def settled(self) -> tuple:
        """Median over the first and over the last quarter: a peak is no growth."""
        quarter = max(1, len(self.memory) // 4)
        return statistics.median(self.memory[:quarter]), statistics.median(self.memory[-quarter:])


def run(server, client, minutes, seed) -> dict:
    rng, faults, samples = random.Random(seed), {fault.__name__: Tally() for fault in FAULTS}, Samples(server.process.pid)
    happened = dict.fromkeys(faults, 0)
    until(lambda: is_idle(server), "an idle server")
    descriptors = num_descriptors(server.process.pid)
    with Load(server.address, seed) as load:
        end = time.monotonic() + minutes * 60
        warm = time.monotonic() + minutes * 60 * 0.2
        next_fault = time.monotonic() + 1
        while time.monotonic() < end:
            time.sleep(1)
            if time.monotonic() >= next_fault:
                fault = rng.choice(list(FAULTS))
                faults[fault.__name__].add(fault(server.address, client, rng))
                happened[fault.__name__] += 1
                next_fault = time.monotonic() + rng.expovariate(1 / SECONDS_BETWEEN_FAULTS)
            if time.monotonic() >= warm:
                samples.take()
            assert server.alive(), server.log()
            assert load.all_alive(), "a process of the load ended"
    until(lambda: is_idle(server) and num_unfinished_calls(server) == 0, "an idle server at the end")
    time.sleep(1)  # connections of the load are closed
    descriptors_after = num_descriptors(server.process.pid)
    first, last = samples.settled()
    lost = {name: tally.unexplained(LOAD_ENDS) for name, tally in load.tallies.items()}
    lost |= {fault.__name__: faults[fault.__name__].unexplained(ends) for fault, ends in FAULTS.items()}
    bounds = {
        "no request without a known end": sum(lost.values()) == 0,
        "resident memory within 5 % of that after warm-up": last <= first * (1 + MEMORY_SLACK),
        "descriptors as before": descriptors_after <= descriptors + DESCRIPTOR_SLACK,
        "no error in the log": not [line for line in server.log_lines() if line.get("level") == "error"],
    }
    return {
        "minutes": minutes, "seed": seed, "bounds": bounds, "unexplained": lost,
        "load": {name: {"sent": t.sent, "ends": dict(t.ends)} for name, t in load.tallies.items()},
        "faults": {name: {"times": happened[name], "sent": t.sent, "ends": dict(t.ends)} for name, t in faults.items()},
        "resident_mib": {"after warm-up": round(first / MIB), "at the end": round(last / MIB),
                         "highest": round(max(samples.memory) / MIB)},
        "descriptors": {"before": descriptors, "after": descriptors_after},
        "threads": num_threads(server.process.pid),
    }


def print_table(results):
    for group in ("load", "faults"):
        for name, found in results[group].items():
            ends = ", ".join(f"{end} {count}" for end, count in sorted(found["ends"].items()))
            times = f"{found['times']} times, " if "times" in found else ""
            print(f"  {name:<18} {times}{found['sent']} sent = {ends or '-'}; {results['unexplained'][name]} unexplained")
    for name in ("resident_mib", "descriptors"):
        print(f"  {name:<18} " + ", ".join(f"{what} {value}" for what, value in results[name].items()))
    for bound, holds in results["bounds"].items():
        print(f"  {'held  ' if holds else 'BROKEN'}  {bound}")


def main():
    parser = argparse.ArgumentParser(description="Steady load with faults; exit code 1 if a bound was broken.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with Server({"demo": DEMO, "minilm": minilm()}, "--log-level", "warning") as server, Client(server.address) as client:
        make_busy(server)
        results = run(server, client, arguments.minutes, arguments.seed)
    out = BUILD / "soak" / "results.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"soak: {arguments.minutes:g} minutes, seed {arguments.seed} ({out.relative_to(REPO)})")
    print_table(results)
    return 0 if all(results["bounds"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
