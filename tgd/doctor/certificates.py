"""Certificates and keys: there, readable by the right people only, and not about to end."""

from datetime import datetime
from pathlib import Path

from cryptography import x509

from tgd.doctor.finding import Finding, ok, refused, warning
from tgd.doctor.secrets import check_mode

WARNED_DAYS = 30
WARNED_AUTHORITY_DAYS = 400
"""Handset certificates live ten years; their authority needs more than a year to be replaced."""


def check_certificate(path: Path, now: datetime, *, authority: bool = False) -> Finding:
    """A certificate file (PEM, the first to end counts); `authority`: the one that signs devices.

    `now` is aware. Never raises: what cannot be read is a finding.
    """
    try:
        certificates = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        return refused(
            f"The certificate {path.name} cannot be read ({error.strerror}).",
            "Give a path that this account can read.",
        )
    except ValueError:
        return refused(
            f"{path.name} holds no certificate in PEM form.", "Give the certificate, not its key."
        )
    ends_at = min(certificate.not_valid_after_utc for certificate in certificates)
    return check_end(path.name, ends_at, now, WARNED_AUTHORITY_DAYS if authority else WARNED_DAYS)


def check_end(name: str, ends_at: datetime, now: datetime, warned_days: int) -> Finding:
    """How long it still lives."""
    days = (ends_at - now).days
    if ends_at <= now:
        return refused(f"The certificate {name} ended on {ends_at:%Y-%m-%d}.", "Replace it now.")
    if days < warned_days:
        return warning(
            f"The certificate {name} ends in {days} days.",
            "Renew it: see `certificate ending` in deploy/runbook.md.",
        )
    return ok(f"The certificate {name} is good for {days} days.")


def check_key(path: Path) -> Finding:
    """A private key is there and closed to everybody else."""
    return check_mode(path) or ok(f"The key {path.name} is closed to others.")
