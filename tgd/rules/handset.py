"""Where a handset can be in its life, and what a press from it means there.

No state mutes a handset: an expired, returned, lost or unknown one that presses is an alert.
"""

from enum import StrEnum


class HandsetState(StrEnum):
    """The states of the stock (attribution papers call `issued` *remis*)."""

    IN_STOCK = "in_stock"
    RESERVED = "reserved"
    PROVISIONED = "provisioned"
    ISSUED = "issued"
    RETURNED = "returned"
    LOST = "lost"
    STOLEN = "stolen"
    FAULTY = "faulty"
    RETIRED = "retired"


class ConsentScope(StrEnum):
    """What a protected person agrees to, each separately and revocably (art. 41-3-1 CPP)."""

    DEVICE = "device"
    GEOLOCATION = "geolocation"


LOW_BATTERY_PCT = 15
"""Below this a technical item is opened (DOMAIN 8.2)."""
SILENT_AFTER_S = 30 * 60
"""Twice the 15 minutes between two life signs (RELIABILITY F01)."""
