"""Runs a test's calls through either client, which have to behave alike."""

import asyncio
import inspect

from limpid import AsyncClient, Client

KINDS = ["Client", "AsyncClient"]


class Caller:
    """`caller.explain(...)` with the client of `kind`; what streams becomes a list. A connection of its own each call."""

    def __init__(self, kind: str, address: str, **arguments):
        self.kind, self.address, self.arguments = kind, address, arguments

    def __getattr__(self, name):
        return lambda *given, **options: self._call(name, *given, **options)

    def _call(self, name, *given, **options):
        if self.kind == "AsyncClient":
            return asyncio.run(self._call_async(name, *given, **options))
        with Client(self.address, **self.arguments) as client:
            result = getattr(client, name)(*given, **options)
            return list(result) if inspect.isgenerator(result) else result

    async def _call_async(self, name, *given, **options):
        async with AsyncClient(self.address, **self.arguments) as client:
            result = getattr(client, name)(*given, **options)
            return [item async for item in result] if inspect.isasyncgen(result) else await result
