"""A thin grpcio client that gathers an answer's parts into numpy arrays."""

from dataclasses import dataclass, field

import grpc
import numpy as np

from support.proto import model_pb, pb, rpc
from support.server import open_channel

DTYPES = {pb.ENCODING_FLOAT32: "<f4", pb.ENCODING_FLOAT16: "<f2"}


@dataclass
class Explanation:
    """All parts of one answer."""

    parts: list = field(default_factory=list)  # names, in the order they came
    prediction: pb.Prediction = None
    attributions: list = field(default_factory=list)
    refinements: list = field(default_factory=list)  # attributions that came before their method's own
    reports: dict = field(default_factory=dict)  # index of a method -> QualityReport
    attention: dict = field(default_factory=dict)  # layer -> [H, T, K]; K = T but with top_k
    key_positions: dict = field(default_factory=dict)  # layer -> [H, T, K], with top_k
    heads: dict = field(default_factory=dict)  # layer -> heads of the rows of `attention`
    chunks: list = field(default_factory=list)
    summary: pb.Summary = None

    def add(self, response: pb.ExplainResponse):
        kind = response.WhichOneof("part")
        self.parts.append(kind)
        part = getattr(response, kind)
        if kind == "attribution":
            (self.refinements if part.is_refining else self.attributions).append(part)
        elif kind == "quality":
            self.reports[part.method_index] = part
        elif kind == "attention":
            self.chunks.append(part)
        else:
            setattr(self, kind, part)

    def finish(self) -> "Explanation":
        """Puts the attention chunks together."""
        self.attention, self.heads = self.join(lambda chunk: np.frombuffer(chunk.data, DTYPES[chunk.encoding]))
        if any(chunk.key_positions for chunk in self.chunks):
            self.key_positions, _ = self.join(lambda chunk: np.frombuffer(chunk.key_positions, "<u2"))
        return self

    def join(self, payload):
        """{layer: payloads of its chunks as one array}, {layer: its heads}"""
        rows, joined, heads_of = {}, {}, {}
        for chunk in self.chunks:
            data = payload(chunk).reshape(tuple(chunk.shape))
            # A mean over heads is one map, filed under the first head it averages.
            heads = list(chunk.heads)[:1] if chunk.mean_over_heads else list(chunk.heads)
            assert len(heads) == data.shape[0], "a chunk names as many heads as it carries"
            for head, piece in zip(heads, data):
                rows.setdefault(chunk.layer, {}).setdefault(head, []).append((chunk.query_begin, piece))
        for layer, by_head in rows.items():
            maps = []
            for pieces in by_head.values():
                begins = np.cumsum([0] + [len(piece) for _, piece in pieces])[:-1]
                assert list(begins) == [begin for begin, _ in pieces], "query rows come in order, without a gap"
                maps.append(np.concatenate([piece for _, piece in pieces]))
            joined[layer] = np.stack(maps)
            heads_of[layer] = list(by_head)
        return joined, heads_of

    @property
    def ids(self):
        return [t.id for t in self.prediction.tokens]

    @property
    def logits(self):
        return np.array(self.prediction.classes.logits, np.float64)

    @property
    def embedding(self):
        return np.array(self.prediction.embedding.values, np.float64)

    def scores(self, index=0):
        """[units], or [layers, heads] for head scores."""
        part = self.attributions[index]
        if part.HasField("heads"):
            return np.array(part.heads.scores, np.float64).reshape(part.heads.layers, part.heads.heads)
        return np.array(part.scores, np.float64)


    def quality(self, index=0):
        """{metric: QualityValue} of a method."""
        return {value.metric: value for value in self.reports[index].values}


# Of server/rpc/listener.cc, less a few for what else goes on.
STREAMS = 120


class Client:
    def __init__(self, address: str, credentials: grpc.ChannelCredentials = None):
        self.channel = open_channel(address, credentials)
        self.stub = rpc.ExplainerStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def explain(self, request, timeout=120) -> Explanation:
        return gather(self.stub.Explain(request, timeout=timeout))

    def model(self, name) -> model_pb.Model:
        return self.stub.GetModel(pb.GetModelRequest(model=name), timeout=30).model

    def explain_at_once(self, requests, timeout=300) -> list:
        """All requests as concurrent streams, no more than a connection has: grpcio 1.85 was seen to stall on those that
        wait for one, the server having answered all that it got."""
        answers = []
        for some in range(0, len(requests), STREAMS):
            calls = [self.stub.Explain(request, timeout=timeout) for request in requests[some:some + STREAMS]]
            answers += [gather(call) for call in calls]
        return answers

    def explain_many(self, requests: dict, timeout=300):
        """One stream for all: ({id: Explanation}, {id: Failure}, ids in the order they ended)."""
        messages = (pb.ExplainManyRequest(id=key, request=request) for key, request in requests.items())
        answers, failures, ended = {}, {}, []
        for message in self.stub.ExplainMany(messages, timeout=timeout):
            if message.WhichOneof("outcome") == "failure":
                failures[message.id] = message.failure
                ended.append(message.id)
                continue
            answer = answers.setdefault(message.id, Explanation())
            answer.add(message.response)
            if answer.parts[-1] == "summary":
                answer.finish()
                ended.append(message.id)
        return answers, failures, ended


def gather(responses) -> Explanation:
    explanation = Explanation()
    for response in responses:
        explanation.add(response)
    return explanation.finish()
