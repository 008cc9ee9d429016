"""What an HTTP application answers, without a socket."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI


def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    """Header names are written with underscores."""

    async def ask() -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://operator") as client:
            return await client.get(path, headers=named)

    return asyncio.run(ask())
