"""The asyncio client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from contextlib import aclosing
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


class AsyncClient:
    """`Client` for asyncio: the same arguments, methods, options and errors. Make it, and use it, in one event loop.
    `async with AsyncClient() as client:` closes it. A call whose task is cancelled is cancelled at the server, too.
    """

    def __init__(self, address: str | None = None, *, model: str = "", timeout: float | None = 60.0,
                 token: str | Callable[[], str] | None = None, tls: Tls | bool = False, max_attempts: int = 5) -> None:
        self._connection = Connection.make(address, token, tls, max_attempts)
        self._model, self._timeout = model, timeout
        self._channel = self._connection.open_async()
        self._slots = asyncio.Semaphore(MAX_CALLS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._channel.close()

    def __repr__(self) -> str:
        return f"<AsyncClient of {self._connection.address}>"

    async def explain(self, text: Text, *, timeout: float | None = None, **options: Unpack[ExplainOptions]) -> Explanation:
        """As Client.explain."""
        request = requests.explain(self._model, text, options)
        attempts = self._attempts(timeout)
        while True:
            try:
                gatherer = Gatherer(request)
                async for response in self._responses(rpcs.EXPLAIN, request, attempts):
                    gatherer.add(response)
                return gatherer.finish()
            except LimpidError as error:
                await asyncio.sleep(attempts.wait_after(error))

    def explain_stream(self, text: Text, *, timeout: float | None = None,
                       **options: Unpack[ExplainOptions]) -> AsyncIterator[Part]:
        """As Client.explain_stream."""
        request = requests.explain(self._model, text, options)
        return self._parts(rpcs.EXPLAIN, request, Gatherer(request), timeout)

    @overload
    def explain_many(self, texts: Iterable[Text | ExplainItem] | AsyncIterable[Text | ExplainItem], *,
                     on_error: Literal["raise"] = "raise", in_flight: int = 64, timeout: float | None = None,
                     **options: Unpack[ExplainOptions]) -> AsyncIterator[Explanation]: ...

    @overload
    def explain_many(self, texts: Iterable[Text | ExplainItem] | AsyncIterable[Text | ExplainItem], *,
                     on_error: Literal["return"], in_flight: int = 64, timeout: float | None = None,
                     **options: Unpack[ExplainOptions]) -> AsyncIterator[Explanation | LimpidError]: ...

    async def explain_many(self, texts: Iterable[Text | ExplainItem] | AsyncIterable[Text | ExplainItem], *,
                           on_error: Literal["raise", "return"] = "raise", in_flight: int = 64,
                           timeout: float | None = None,
                           **options: Unpack[ExplainOptions]) -> AsyncIterator[Explanation | LimpidError]:
        """As Client.explain_many; the texts may come from an asynchronous iterable."""
        async for outcome in self._outcomes(_iterate(texts), in_flight, timeout, options):
            if isinstance(outcome, LimpidError) and on_error == "raise":
                raise outcome
            yield outcome

    async def generate(self, text: Text, *, timeout: float | None = None,
                       **options: Unpack[GenerateOptions]) -> GeneratedText:
        """As Client.generate."""
        request = requests.generate(self._model, text, options)
        gatherer = GenerationGatherer(request)
        async for _ in self._parts(rpcs.GENERATE, request, gatherer, timeout):
            pass
        return gatherer.finish()

    def generate_stream(self, text: Text, *, timeout: float | None = None,
                        **options: Unpack[GenerateOptions]) -> AsyncGenerator[GenerationPart, None]:
        """As Client.generate_stream. A loop that may be left early: `async with aclosing(client.generate_stream(...)) as parts`."""
        request = requests.generate(self._model, text, options)
        return self._parts(rpcs.GENERATE, request, GenerationGatherer(request), timeout)

    async def predict(self, text: Text, *, timeout: float | None = None, **options: Unpack[InputOptions]) -> Prediction:
        """As Client.predict."""
        return await self._unary(rpcs.PREDICT, requests.predict(self._model, text, options), timeout)

    async def tokenize(self, text: Text, *, timeout: float | None = None,
                       **options: Unpack[InputOptions]) -> Tokenization:
        """As Client.tokenize."""
        return await self._unary(rpcs.TOKENIZE, requests.tokenize(self._model, text, options), timeout)

    async def estimate_cost(self, text: Text, *, timeout: float | None = None, **options: Unpack[ExplainOptions]) -> Cost:
        """As Client.estimate_cost."""
        request = pb.EstimateCostRequest(request=requests.explain(self._model, text, options))
        return await self._unary(rpcs.ESTIMATE_COST, request, timeout)

    async def models(self, *, timeout: float | None = None) -> tuple[Model, ...]:
        """As Client.models."""
        return await self._unary(rpcs.LIST_MODELS, pb.ListModelsRequest(), timeout)

    async def model(self, name: str = "", *, timeout: float | None = None) -> Model:
        """As Client.model."""
        return await self._unary(rpcs.GET_MODEL, pb.GetModelRequest(model=name or self._model), timeout)

    async def _unary(self, rpc: Unary[Request, Response, Result], request: Request, timeout: float | None) -> Result:
        call = self._channel.unary_unary(rpcs.SERVICE + rpc.name, rpcs.serialize, rpc.parse)
        attempts = self._attempts(timeout)
        while True:
            try:
                async with self._slots:
                    with errors.translated():
                        return rpc.read(await call(request, **self._settings(attempts)))
            except LimpidError as error:
                await asyncio.sleep(attempts.wait_after(error))

    async def _responses(self, rpc: Stream[Request, Response], request: Request,
                         attempts: Attempts) -> AsyncGenerator[Response, None]:
        ask = self._channel.unary_stream(rpcs.SERVICE + rpc.name, rpcs.serialize, rpc.parse)
        async with self._slots:
            call = ask(request, **self._settings(attempts))
            try:
                with errors.translated():
                    async for response in call:
                        yield response
            finally:
                call.cancel()

    async def _parts(self, rpc: Stream[Request, Response], request: Request, gatherer: Gathering[Response, AnyPart],
                     timeout: float | None) -> AsyncGenerator[AnyPart, None]:
        """Made again only while nothing has been given out."""
        attempts = self._attempts(timeout)
        while True:
            try:
                async with aclosing(self._responses(rpc, request, attempts)) as responses:
                    async for response in responses:
                        if (part := gatherer.add(response)) is not None:
                            yield part
                gatherer.finish()
                return
            except LimpidError as error:
                if gatherer.has_begun:
                    raise
                await asyncio.sleep(attempts.wait_after(error))

    async def _outcomes(self, items: AsyncIterator[Text | ExplainItem], in_flight: int, timeout: float | None,
                        options: ExplainOptions) -> AsyncIterator[Explanation | LimpidError]:
        """Each turn of the outer loop is one stream."""
        work = Work(self._model, options, in_flight, Attempts(self._connection.max_attempts, timeout))
        explain_many = self._channel.stream_stream(rpcs.EXPLAIN_MANY, rpcs.serialize, pb.ExplainManyResponse.FromString)
        again: list[Outgoing] = []
        while not work.is_done:
            feed = _Feed(again)
            call = explain_many(feed, **self._settings(work.attempts))
            responses = aiter(call)
            try:
                while not work.is_done:
                    while work.has_room:
                        feed.put(work.admit(await anext(items, None)))
                    for outcome in work.ready():
                        yield outcome
                    if work.is_waiting:
                        with errors.translated():
                            message = await anext(responses, None)
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
    """The messages of a stream, which gRPC takes in a task of its own."""

    def __init__(self, first: Iterable[Outgoing]) -> None:
        self._queue: asyncio.Queue[Outgoing | None] = asyncio.Queue()
        for outgoing in first:
            self.put(outgoing)

    def put(self, outgoing: Outgoing | None) -> None:
        if outgoing is not None:
            self._queue.put_nowait(outgoing)

    def close(self) -> None:
        self._queue.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> pb.ExplainManyRequest:
        outgoing = await self._queue.get()
        if outgoing is None:
            raise StopAsyncIteration
        # A refused text waits, and those behind it too: there is no room. gRPC ends this task with the call.
        await asyncio.sleep(outgoing.wait_seconds())
        return outgoing.message


async def _iterate(texts: Iterable[Text | ExplainItem] | AsyncIterable[Text | ExplainItem]) \
        -> AsyncIterator[Text | ExplainItem]:
    if isinstance(texts, AsyncIterable):
        async for text in texts:
            yield text
    else:
        for text in texts:
            yield text
