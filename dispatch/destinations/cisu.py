"""Tells a control room through its hub; a 2xx only says that the hub took it."""

from dispatch.destinations.posting import Poster, tls_context
from dispatch.formats import cap, cisu
from dispatch.policy import CisuDestination
from dispatch.telling import Answer, Later, Refused, Sent, Telling


class CisuCarrier:
    """A control room: RC-EDA in EDXL-DE JSON, or CAP 1.2.

    Sent is not delivered (DST 1.2): the functional acknowledgement RC-REF comes by `/answers`.
    """

    def __init__(self, told: CisuDestination) -> None:
        self.name = told.name
        self._told = told
        tls = tls_context(told.name, told.ca_file, told.client_cert, told.client_key)
        self._poster = Poster(told.url, told.timeout_s, tls)

    async def tell(self, telling: Telling) -> Answer:
        """One attempt; what it is not set for is refused here too, should it ever come."""
        if telling.lane == "exercise" and not self._told.lane_exercise:
            return Refused("exercise_not_told")
        if telling.lane not in ("real", "exercise"):
            return Refused("test_never_told")
        try:
            body = self._body(telling)
        except ValueError:
            return Refused("not_composable")
        reply = await self._poster.post(body, self._headers())
        if isinstance(reply, Later | Refused):
            return reply
        return Sent(self._told.acknowledge_within_s, "sent")

    def _body(self, telling: Telling) -> bytes:
        told = self._told
        if told.format == "cap":
            return cap.compose(
                telling,
                recipient=told.recipient,
                sender=told.sender,
                nature_code=told.nature_code,
            )
        return cisu.compose(
            telling,
            recipient=told.recipient,
            sender=told.sender,
            nature_code=told.nature_code,
            nature_label=told.nature_label,
        )

    def _headers(self) -> dict[str, str]:
        kind = cap.CONTENT_TYPE if self._told.format == "cap" else cisu.CONTENT_TYPE
        headers = {"Content-Type": kind}
        if self._told.token is not None:
            headers["Authorization"] = f"Bearer {self._told.token.get_secret_value()}"
        return headers

    async def close(self) -> None:
        """Close the connections."""
        await self._poster.close()
