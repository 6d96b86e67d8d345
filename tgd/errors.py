"""The tree of our exceptions; the docstring of each class is the sentence a person reads.

TgdError
├── Refusal                 somebody asked for what a rule forbids: say which, and what to do
│   ├── NotAllowed          the person's role does not permit it
│   ├── WrongState          the thing is not in a state that permits it
│   ├── SomebodyWasFaster   another person changed it first
│   └── Incomplete          something is missing from the request
├── NotKept                 neither the record nor the spool could keep what was heard
├── RecordAway              the record does not answer
├── Misconfigured           a setting is unknown or impossible
└── CannotStart             a part of the machine is missing: the sentence says which and what to do
"""


class TgdError(Exception):
    """Something went wrong in the service."""

    def __init__(self, sentence: str = "", **values: str) -> None:
        self.template = sentence or (type(self).__doc__ or "").strip()
        self.values = values
        super().__init__(self.template % values if values else self.template)


class Refusal(TgdError):
    """This is refused by a rule."""


class NotAllowed(Refusal):
    """Your role does not allow this act."""


class WrongState(Refusal):
    """This act is not possible in the present state."""


class SomebodyWasFaster(Refusal):
    """Somebody else has changed this since you looked: look again."""


class Incomplete(Refusal):
    """Something is missing from the request."""


class NotKept(TgdError):
    """Nothing could keep this message durably: send it again, or by another way."""


class RecordAway(TgdError):
    """The record does not answer."""


class Misconfigured(TgdError):
    """A setting is unknown or impossible."""


class CannotStart(TgdError):
    """A part of the machine that is needed is missing."""
