"""What may be said of a fix in any outgoing format."""

import math

from tgd.rules.trigger import Position


def radius_m(position: Position) -> float | None:
    """The radius of uncertainty in metres, or None when it is no finite, positive number."""
    radius = position.radius_m
    return radius if radius is not None and math.isfinite(radius) and radius >= 0 else None
