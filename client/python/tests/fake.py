"""A server that fails as it is told to, where a fault has to be forced."""

import contextlib
from concurrent import futures

import grpc
from limpid.v1 import explain_pb2 as pb
from limpid.v1 import explain_pb2_grpc as rpc


def answer(text: str) -> list:
    tokens = [pb.Token(text=word, id=i) for i, word in enumerate(text.split())]
    return [pb.ExplainResponse(prediction=pb.Prediction(tokens=tokens)), pb.ExplainResponse(summary=pb.Summary())]


def generation(text: str) -> list:
    """The first word said again."""
    token = pb.Token(text=text.split()[0])
    ended = pb.Summary(generation=pb.Generation(tokens=1, text=token.text))
    return [pb.GenerateResponse(prediction=pb.Prediction(tokens=[token])),
            pb.GenerateResponse(token=pb.GeneratedToken(token=token, text=token.text)), pb.GenerateResponse(summary=ended)]


class Fake(rpc.ExplainerServicer):
    """`script`: what each call does in turn, then all answer. Of Explain and Generate a (code, pushback or None) refuses; of ExplainMany
    a pb.Failure fails one request, a code ends the stream."""

    def __init__(self, *script):
        self.script, self.asked = list(script), []

    def refuse(self, context, code, pushback):
        if pushback is not None:
            context.set_trailing_metadata((("grpc-retry-pushback-ms", str(pushback)),))
        context.abort(code, "refused")

    def Explain(self, request, context):
        self.asked.append(request.input.text)
        if self.script:
            self.refuse(context, *self.script.pop(0))
        yield from answer(request.input.text)

    def Generate(self, request, context):
        self.asked.append(request.input.text)
        if self.script:
            self.refuse(context, *self.script.pop(0))
        yield from generation(request.input.text)

    def ExplainMany(self, requests, context):
        for message in requests:
            self.asked.append(message.request.input.text)
            fault = self.script.pop(0) if self.script else None
            if isinstance(fault, pb.Failure):
                yield pb.ExplainManyResponse(id=message.id, failure=fault)
                continue
            parts = answer(message.request.input.text)
            yield pb.ExplainManyResponse(id=message.id, response=parts[0])
            if fault:
                context.abort(fault, "the stream breaks in the middle of an answer")
            yield pb.ExplainManyResponse(id=message.id, response=parts[1])


@contextlib.contextmanager
def serving(servicer):
    """Its address."""
    server = grpc.server(futures.ThreadPoolExecutor(8))
    rpc.add_ExplainerServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
