"""The largest answers: 512 tokens, all maps, several readers; memory against the plan."""

import threading

import grpc

from support.client import Client
from support.paths import minilm
from support.proto import pb
from support.server import Server

LONG = "The committee read the file again and asked for one more paper. " * 70
MB = 1 << 20


def large():
    return pb.ExplainRequest(input=pb.Input(text=LONG, truncation=pb.TRUNCATION_LONGEST_FIRST),
                             methods=[pb.Method(saliency=pb.Saliency())], attention=pb.AttentionSelection())


def peak_bytes(server) -> int:
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def resident_bytes(server) -> int:
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS"))


def read_all(address, answers):
    """A reader that keeps nothing."""
    with grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)]) as channel:
        payload = 0
        from support.proto import rpc
        for part in rpc.ExplainerStub(channel).Explain(large(), timeout=120):
            payload += len(part.attention.data)
        answers.append(payload)


def test_the_measured_peak_is_within_the_estimate():
    with Server({"minilm": minilm()}, "--threads", 1) as server, Client(server.address) as client:
        expected = client.stub.EstimateCost(pb.EstimateCostRequest(request=large()), timeout=60)
        before = resident_bytes(server)
        read_all(server.address, [])
        grown = peak_bytes(server) - before
        print(f"one answer of {expected.answer_bytes / MB:.0f} MB: resident memory grew by at most {grown / MB:.0f} MB, "
              f"the estimate is {expected.peak_bytes / MB:.0f} MB")
        # Beside the pass: one chunk in gRPC's hands, and what the allocator rounds.
        assert grown <= expected.peak_bytes + 16 * MB


def test_several_readers_of_the_largest_answer_take_a_constant_each():
    with Server({"minilm": minilm()}, "--max-queue-seconds", 60) as server, Client(server.address) as client:
        answer = client.stub.EstimateCost(pb.EstimateCostRequest(request=large()), timeout=60).answer_bytes
        read_all(server.address, [])
        alone = peak_bytes(server)
        for round_number in range(3):
            answers = []
            readers = [threading.Thread(target=read_all, args=(server.address, answers)) for _ in range(4)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
            assert len(answers) == 4 and len(set(answers)) == 1
            per_reader = (peak_bytes(server) - alone) / 4
            print(f"round {round_number}: 4 readers of {answers[0] / MB:.0f} MB each: {per_reader / MB:.0f} MB a reader "
                  f"beyond the first")
            # What is on its way to a reader is his answer, once.
            assert per_reader <= 1.25 * answer
        assert server.metric("limpid_answer_bytes") == 0
