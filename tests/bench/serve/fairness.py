"""Requests of one row, alone and beside a request of 2,000 rows."""

import threading

import grpc

from integration.waiting import until
from support.proto import pb, rpc

ROWS = 2000
SHORT = "She has missed three payments in a row and the bank has asked for a new statement of her income."
LONG_ROW = SHORT + " " + SHORT


def messages(count):
    for i in range(count):
        yield pb.ExplainManyRequest(id=str(i), request=pb.ExplainRequest(
            input=pb.Input(text=LONG_ROW), methods=[pb.Method(saliency=pb.Saliency())]))


class ManyRows:
    """2,000 rows that wait at once, from the same address as the short requests: no priority and no client of its own
    keeps them apart."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, [("grpc.use_local_subchannel_pool", 1)])
        self.answered = 0
        self.call = rpc.ExplainerStub(self.channel).ExplainMany(messages(ROWS), timeout=600)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        try:
            for message in self.call:
                self.answered += message.response.WhichOneof("part") == "summary"
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.CANCELLED, error

    def stop(self):
        self.call.cancel()
        self.thread.join()
        self.channel.close()


def measure_fairness(bench, server) -> dict:
    """`bench` explains SHORT; its p99 alone, beside the many rows, and the ratio. Medians of three rounds in turn."""
    rounds = []
    for _ in range(3):
        alone = bench.run(server, "--streams", 4, "--method", "saliency")
        many = ManyRows(server.address)
        until(lambda: server.metric("limpid_queue_requests") > ROWS * 0.8, "the many rows")
        beside = bench.run(server, "--streams", 4, "--method", "saliency")
        unfinished = many.answered < ROWS
        many.stop()
        rounds.append({"alone_p99_ms": alone["latency_ms"]["p99"], "beside_p99_ms": beside["latency_ms"]["p99"],
                       "alone_p50_ms": alone["latency_ms"]["p50"], "beside_p50_ms": beside["latency_ms"]["p50"],
                       "many_rows_lasted": unfinished, "failed": beside["failed"]})
    for one in rounds:
        one["ratio_p99"] = one["beside_p99_ms"] / one["alone_p99_ms"]
        print(f"  alone p50 {one['alone_p50_ms']:.1f}, p99 {one['alone_p99_ms']:.1f} ms; beside {ROWS} rows p50 "
              f"{one['beside_p50_ms']:.1f}, p99 {one['beside_p99_ms']:.1f} ms: {one['ratio_p99']:.2f} x"
              f"{'' if one['many_rows_lasted'] else ' (the rows were done before the end)'}")
    return {"rounds": rounds, "ratio_p99": sorted(one["ratio_p99"] for one in rounds)[1]}
