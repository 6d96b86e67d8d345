"""How a simulator is told to misbehave: named modes, each with seconds and a number of times."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(slots=True)
class Fault:
    """One misbehaviour that is switched on."""

    seconds: float = 0.0
    """For the modes that wait."""
    times: int | None = None
    """How often it still happens; None: until it is switched off."""


class UnknownModeError(ValueError):
    """Somebody asked for a misbehaviour that this simulator does not have."""


class Misbehaviour:
    """The faults that are on now. `ok` switches all of them off."""

    def __init__(self, known: type[StrEnum]) -> None:
        self.known = known
        self._faults: dict[str, Fault] = {}

    def become(self, mode: str, seconds: float = 0.0, times: int | None = None) -> None:
        """Switch one on (in addition to those that are on), or all off with `ok`."""
        if mode not in {str(name) for name in self.known}:
            names = ", ".join(str(name) for name in self.known)
            raise UnknownModeError(f"unknown mode {mode!r}; known: {names}")
        if mode == "ok":
            self._faults.clear()
        else:
            self._faults[mode] = Fault(seconds, times)

    def is_on(self, mode: str) -> bool:
        """True while it is on; does not use it up."""
        return mode in self._faults

    def strike(self, mode: str) -> Fault | None:
        """The fault if it happens this time; counts it down."""
        fault = self._faults.get(mode)
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._faults[mode]
        return fault

    def obey(self, request: dict[str, Any]) -> None:
        """Read `{"mode": …, "seconds": …, "times": …}`; raises ValueError with a clear sentence."""
        times = request.get("times")
        try:
            seconds = float(request.get("seconds") or 0.0)
            limit = None if times is None else int(times)
        except (TypeError, ValueError) as refused:
            raise ValueError("seconds must be a number and times an integer") from refused
        self.become(str(request.get("mode", "")), seconds, limit)

    def describe(self) -> dict[str, dict[str, float | int | None]]:
        """What is on, for `GET /simulate/misbehave`."""
        return {
            mode: {"seconds": fault.seconds, "times": fault.times}
            for mode, fault in self._faults.items()
        }
