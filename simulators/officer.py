"""Somebody of a court, an association or a stock, over the HTTP API: reads, acts, is refused."""

from typing import Any
from uuid import uuid4

from simulators.operator import OURS, Operator, read_answer


class Officer(Operator):
    """One signed-in person at the API of allocation. Raises Refused with its sentence."""

    async def see(self, path: str) -> dict[str, Any]:
        """What is there for this person."""
        return await self._get(f"/api/v1{path}")

    async def do(self, path: str, **words: str) -> dict[str, Any]:
        """One act, under a key of its own so that a lost answer could be asked for again."""
        assert self._http is not None, "sign_in() first"
        headers = OURS | {"X-Form-Token": self._token, "Idempotency-Key": uuid4().hex}
        async with self._http.post(f"/api/v1{path}", json=words, headers=headers) as answer:
            return await read_answer(answer)
