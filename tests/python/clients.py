"""The same question to a client of either kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from precedent_client import AsyncClient, Client

Ask = Callable[[Any], Any]
"""Asks a client of either kind: returns its answer, or what must be awaited or gone through for it."""


def by_thread(ask: Ask, *arguments: Any, **options: Any) -> Any:
    """The answer to a `Client` that is made of those arguments."""
    with Client(*arguments, **options) as client:
        answer = ask(client)
        return list(answer) if isinstance(answer, Iterator) else answer


def by_loop(ask: Ask, *arguments: Any, **options: Any) -> Any:
    """The answer to an `AsyncClient` that is made of those arguments."""

    async def run() -> Any:
        async with AsyncClient(*arguments, **options) as client:
            answer = ask(client)
            return [one async for one in answer] if isinstance(answer, AsyncIterator) else await answer

    return asyncio.run(run())


either = pytest.mark.parametrize("run", [by_thread, by_loop])
"""A test of both kinds; its `run` is one of the functions above."""
