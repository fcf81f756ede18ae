"""The blocking client."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Literal, Self, Unpack, overload

from limpid import errors, requests, rpcs
from limpid.connection import MAX_CALLS, Connection, Tls
from limpid.errors import LimpidError
from limpid.gather import AnyPart, Gatherer, Gathering, GenerationGatherer, GenerationPart, Part
from limpid.generation import GeneratedText
from limpid.many import Outgoing, Work
from limpid.models import Cost, Model
from limpid.predictions import Prediction, Tokenization
from limpid.requests import ExplainItem, ExplainOptions, GenerateOptions, InputOptions, Text
from limpid.results import Explanation
from limpid.retry import Attempts
from limpid.rpcs import Request, Response, Result, Settings, Stream, Unary
from limpid.v1 import explain_pb2 as pb


class Client:
    """A connection to a Limpid server, for any number of threads. Make one and keep it; `with Client() as client:` closes
    it.

    address: HOST:PORT; default $LIMPID_SERVER, else 127.0.0.1:50051. A name with several addresses is used in turns.
    model: for calls that name none; default the server's.
    timeout: seconds a call may take with its retries, unless it says otherwise; None: no end.
    token: bearer token, or a function that returns the one of the moment.
    tls: True, or files (Tls).
    max_attempts: of a call that was refused for want of room or reached no server, the first included: 1 to 5. It waits as
    the server says, or else exponentially from 0.1 s.

    Each call raises a LimpidError (limpid.errors says which).
    """

    def __init__(self, address: str | None = None, *, model: str = "", timeout: float | None = 60.0,
                 token: str | Callable[[], str] | None = None, tls: Tls | bool = False, max_attempts: int = 5) -> None:
        self._connection = Connection.make(address, token, tls, max_attempts)
        self._model, self._timeout = model, timeout
        self._channel = self._connection.open()
        self._slots = threading.BoundedSemaphore(MAX_CALLS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def __repr__(self) -> str:
        return f"<Client of {self._connection.address}>"

    def explain(self, text: Text, *, timeout: float | None = None, **options: Unpack[ExplainOptions]) -> Explanation:
        """One text (or its ids) explained; ExplainOptions has the options."""
        request = requests.explain(self._model, text, options)
        attempts = self._attempts(timeout)
        while True:
            try:
                gatherer = Gatherer(request)
                for response in self._responses(rpcs.EXPLAIN, request, attempts):
                    gatherer.add(response)
                return gatherer.finish()
            except LimpidError as error:
                time.sleep(attempts.wait_after(error))

    def explain_stream(self, text: Text, *, timeout: float | None = None,
                       **options: Unpack[ExplainOptions]) -> Iterator[Part]:
        """The same, part by part as they arrive: the Prediction comes before any Attribution (its QualityReport after it),
        an AttentionChunk as soon as its layer is computed, the Summary last."""
        request = requests.explain(self._model, text, options)
        return self._parts(rpcs.EXPLAIN, request, Gatherer(request), timeout)

    @overload
    def explain_many(self, texts: Iterable[Text | ExplainItem], *, on_error: Literal["raise"] = "raise",
                     in_flight: int = 64, timeout: float | None = None,
                     **options: Unpack[ExplainOptions]) -> Iterator[Explanation]: ...

    @overload
    def explain_many(self, texts: Iterable[Text | ExplainItem], *, on_error: Literal["return"], in_flight: int = 64,
                     timeout: float | None = None,
                     **options: Unpack[ExplainOptions]) -> Iterator[Explanation | LimpidError]: ...

    def explain_many(self, texts: Iterable[Text | ExplainItem], *, on_error: Literal["raise", "return"] = "raise",
                     in_flight: int = 64, timeout: float | None = None,
                     **options: Unpack[ExplainOptions]) -> Iterator[Explanation | LimpidError]:
        """Many texts over one stream: their explanations, in the order of the texts.

        texts: each a text, its ids, or a dictionary of "text" and options of its own. Read ahead by `in_flight`.
        on_error: "return" gives a failed text's LimpidError in its place; "raise" ends with the first.
        timeout: seconds for all of them; default no end.
        Texts that the server has no room for are asked again when it says so; if it goes away, what was under way is asked
        again from another (or the same, back again).
        """
        for outcome in self._outcomes(iter(texts), in_flight, timeout, options):
            if isinstance(outcome, LimpidError) and on_error == "raise":
                raise outcome
            yield outcome

    def generate(self, text: Text, *, timeout: float | None = None, **options: Unpack[GenerateOptions]) -> GeneratedText:
        """A causal language model's continuation of a text (or ids), and why each of its tokens. It is not generated anew once
        a part of it has come: another attempt might say something else."""
        request = requests.generate(self._model, text, options)
        gatherer = GenerationGatherer(request)
        for _ in self._parts(rpcs.GENERATE, request, gatherer, timeout):
            pass
        return gatherer.finish()

    def generate_stream(self, text: Text, *, timeout: float | None = None,
                        **options: Unpack[GenerateOptions]) -> Generator[GenerationPart, None, None]:
        """The same, part by part as they arrive: the Prediction for the input, then each GeneratedToken, and before the next
        one its Attributions (each one's QualityReport after it), the Summary last. Leaving the loop, or close(), cancels it."""
        request = requests.generate(self._model, text, options)
        return self._parts(rpcs.GENERATE, request, GenerationGatherer(request), timeout)

    def predict(self, text: Text, *, timeout: float | None = None, **options: Unpack[InputOptions]) -> Prediction:
        """The prediction alone."""
        return self._unary(rpcs.PREDICT, requests.predict(self._model, text, options), timeout)

    def tokenize(self, text: Text, *, timeout: float | None = None, **options: Unpack[InputOptions]) -> Tokenization:
        """What the model's tokenizer makes of a text."""
        return self._unary(rpcs.TOKENIZE, requests.tokenize(self._model, text, options), timeout)

    def estimate_cost(self, text: Text, *, timeout: float | None = None, **options: Unpack[ExplainOptions]) -> Cost:
        """What explain() with the same arguments would cost, and whether it would be taken now. Runs no model."""
        request = pb.EstimateCostRequest(request=requests.explain(self._model, text, options))
        return self._unary(rpcs.ESTIMATE_COST, request, timeout)

    def models(self, *, timeout: float | None = None) -> tuple[Model, ...]:
        """The cards of all loaded models."""
        return self._unary(rpcs.LIST_MODELS, pb.ListModelsRequest(), timeout)

    def model(self, name: str = "", *, timeout: float | None = None) -> Model:
        """The card of one; default the client's, else the server's default."""
        return self._unary(rpcs.GET_MODEL, pb.GetModelRequest(model=name or self._model), timeout)

    def _unary(self, rpc: Unary[Request, Response, Result], request: Request, timeout: float | None) -> Result:
        call = self._channel.unary_unary(rpcs.SERVICE + rpc.name, rpcs.serialize, rpc.parse)
        attempts = self._attempts(timeout)
        while True:
            try:
                with self._slots:
                    with errors.translated():
                        return rpc.read(call(request, **self._settings(attempts)))
            except LimpidError as error:
                time.sleep(attempts.wait_after(error))

    def _responses(self, rpc: Stream[Request, Response], request: Request, attempts: Attempts) -> Iterator[Response]:
        ask = self._channel.unary_stream(rpcs.SERVICE + rpc.name, rpcs.serialize, rpc.parse)
        with self._slots:
            call = ask(request, **self._settings(attempts))
            try:
                with errors.translated():
                    yield from call
            finally:
                call.cancel()

    def _parts(self, rpc: Stream[Request, Response], request: Request, gatherer: Gathering[Response, AnyPart],
               timeout: float | None) -> Generator[AnyPart, None, None]:
        """Made again only while nothing has been given out."""
        attempts = self._attempts(timeout)
        while True:
            try:
                for response in self._responses(rpc, request, attempts):
                    if (part := gatherer.add(response)) is not None:
                        yield part
                gatherer.finish()
                return
            except LimpidError as error:
                if gatherer.has_begun:
                    raise
                time.sleep(attempts.wait_after(error))

    def _outcomes(self, items: Iterator[Text | ExplainItem], in_flight: int, timeout: float | None,
                  options: ExplainOptions) -> Iterator[Explanation | LimpidError]:
        """Each turn of the outer loop is one stream."""
        work = Work(self._model, options, in_flight, Attempts(self._connection.max_attempts, timeout))
        explain_many = self._channel.stream_stream(rpcs.EXPLAIN_MANY, rpcs.serialize, pb.ExplainManyResponse.FromString)
        again: list[Outgoing] = []
        while not work.is_done:
            feed = _Feed(again)
            call = explain_many(feed, **self._settings(work.attempts))
            try:
                while not work.is_done:
                    while work.has_room:
                        feed.put(work.admit(next(items, None)))
                    yield from work.ready()
                    if work.is_waiting:
                        with errors.translated():
                            message = next(call, None)
                        feed.put(work.receive(message))
            except LimpidError as error:
                again = work.resume(error)
            finally:
                feed.close()
                call.cancel()

    def _attempts(self, timeout: float | None) -> Attempts:
        return Attempts(self._connection.max_attempts, self._timeout if timeout is None else timeout)

    def _settings(self, attempts: Attempts) -> Settings:
        return {"timeout": attempts.seconds_left(), "metadata": self._connection.metadata()}


class _Feed:
    """The messages of a stream, which gRPC takes on a thread of its own."""

    def __init__(self, first: Iterable[Outgoing]) -> None:
        self._queue: queue.SimpleQueue[Outgoing | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        for outgoing in first:
            self.put(outgoing)

    def put(self, outgoing: Outgoing | None) -> None:
        if outgoing is not None:
            self._queue.put(outgoing)

    def close(self) -> None:
        self._closed.set()
        self._queue.put(None)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pb.ExplainManyRequest:
        outgoing = self._queue.get()
        # A refused text waits, and those behind it too: there is no room.
        if outgoing is None or self._closed.wait(outgoing.wait_seconds()):
            raise StopIteration
        return outgoing.message
