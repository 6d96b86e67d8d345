"""The REST resources of conferences and recordings: list, who is inside, mute, hear, erase."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from simulators.twilio_calls import Operator
from simulators.twilio_conferences import Conference, Participant, Recording
from simulators.twilio_resources import ApiError

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Rooms:
    """What the API shows of the conferences of one operator."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def routes(self, base: str, guard: Callable[[Answer], Answer]) -> list[web.RouteDef]:
        """Under the account's address, behind its credentials."""
        inside = f"{base}/Conferences/{{sid}}/Participants"
        return [
            web.get(f"{base}/Conferences.json", guard(self._list)),
            web.get(f"{inside}.json", guard(self._inside)),
            web.post(f"{inside}/{{call}}.json", guard(self._mute)),
            web.get(f"{base}/Recordings/{{sid}}.mp3", guard(self._sound)),
            web.get(f"{base}/Recordings/{{sid}}.json", guard(self._show)),
            web.delete(f"{base}/Recordings/{{sid}}.json", guard(self._erase)),
        ]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("FriendlyName")
        found = [c for c in self._operator.conferences if name in (None, c.name)]
        shown = [conference.resource() for conference in reversed(found)]
        return web.json_response({"conferences": shown} | _one_page(request, len(shown)))

    async def _inside(self, request: web.Request) -> web.StreamResponse:
        room = self._room(request)
        shown = [_participant(room, one) for one in room.participants.values()]
        return web.json_response({"participants": shown} | _one_page(request, len(shown)))

    async def _mute(self, request: web.Request) -> web.StreamResponse:
        room = self._room(request)
        one = room.participants.get(request.match_info["call"])
        if one is None:
            raise ApiError(20404, request.path)
        said = (await request.post()).get("Muted")
        if said is not None:
            room.mute(one, muted=str(said).lower() == "true")
        return web.json_response(_participant(room, one))

    async def _sound(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self._recording(request).sound, content_type="audio/mpeg")

    async def _show(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._recording(request).resource())

    async def _erase(self, request: web.Request) -> web.StreamResponse:
        self._operator.recordings.remove(self._recording(request))
        return web.Response(status=204)

    def _room(self, request: web.Request) -> Conference:
        for room in self._operator.conferences:
            if room.sid == request.match_info["sid"]:
                return room
        raise ApiError(20404, request.path)

    def _recording(self, request: web.Request) -> Recording:
        for one in self._operator.recordings:
            if one.sid == request.match_info["sid"]:
                return one
        raise ApiError(20404, request.path)


def _one_page(request: web.Request, count: int) -> dict[str, Any]:
    return {
        "end": max(count - 1, 0), "first_page_uri": request.path, "next_page_uri": None, "page": 0,
        "page_size": 50, "previous_page_uri": None, "start": 0, "uri": request.path,
    }  # fmt: skip


def _participant(room: Conference, one: Participant) -> dict[str, Any]:
    return {
        "account_sid": room.account, "call_sid": one.call.sid, "conference_sid": room.sid,
        "label": one.label, "muted": one.muted, "hold": False, "coaching": False,
        "end_conference_on_exit": one.ends_all, "start_conference_on_enter": True,
        "status": "connected",
    }  # fmt: skip
