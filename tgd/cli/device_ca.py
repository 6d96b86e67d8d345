"""A small certificate authority for handsets, made once in the data folder.

Its key signs nothing but handsets. A gateway that reads `ca.pem` by TGD_MQTT_TLS_CLIENT_CA_FILE
believes the certificate's common name, which is the handset's id.
"""

import contextlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tgd.errors import CannotStart
from tgd.rules.keys import CERTIFIED_EARLIER

FOLDER = "device-ca"
LIVES = timedelta(days=3652)
"""Ten years: longer than a handset is used, shorter than the authority."""
AUTHORITY_LIVES = timedelta(days=7305)


@dataclass(frozen=True, slots=True)
class Paper:
    """What a handset needs to prove itself, PEM."""

    certificate: str
    private_key: str
    ca: str


def issue(data_dir: Path, handset: str, now: datetime) -> Paper:
    """A new key and certificate for a handset, common name = its id; the key is kept nowhere.

    Raises CannotStart when the authority cannot be made or read.
    """
    try:
        ca, ca_key = _authority(data_dir, now)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "damaged"
        raise CannotStart(f"{data_dir / FOLDER} cannot be made or read ({why}).") from None
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _named(handset, ca.subject, key, now, min(now + LIVES, ca.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    return Paper(_pem(certificate), _key_pem(key), _pem(ca))


def _authority(
    data_dir: Path, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    folder = data_dir / FOLDER
    if not folder.is_dir():
        _make(folder, now)
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError
    return x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()), key


def _make(folder: Path, now: datetime) -> None:
    """Whole or absent: of two at once, one renames its folder first and the other's is removed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".device-ca-"))
    try:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TGD handsets")])
        ca = (
            _named("TGD handsets", name, key, now, now + AUTHORITY_LIVES)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _keep(new / "ca.key", _key_pem(key), 0o600)
        _keep(new / "ca.pem", _pem(ca), 0o644)
        new.chmod(0o755)  # the gateway may be another account: the key has its own mode
        with contextlib.suppress(OSError):  # not empty: somebody was faster
            new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _named(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime,
    ends_at: datetime,
) -> x509.CertificateBuilder:  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CERTIFIED_EARLIER)
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _keep(path: Path, text: str, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")
