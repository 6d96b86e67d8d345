"""One click is one act: a form that was sent twice (double click, lost reply) acts once.

Each form carries a random word; this process remembers those that it has acted on. The record's
compare-and-set stands behind it for everything but a note.
"""

from collections import OrderedDict

MOST = 20_000


class Once:
    """The words of forms that were acted on, or are being acted on now."""

    def __init__(self) -> None:
        self._words: OrderedDict[tuple[str, str], None] = OrderedDict()

    def begin(self, name: str, word: str) -> bool:
        """False when this form of this person was sent before; a form without a word is new."""
        if not word:
            return True
        if (name, word[:64]) in self._words:
            return False
        self._words[(name, word[:64])] = None
        while len(self._words) > MOST:
            self._words.popitem(last=False)
        return True

    def undo(self, name: str, word: str) -> None:
        """The act was refused: the same form may be sent again."""
        self._words.pop((name, word[:64]), None)
