"""Certificates for tests of TLS: an authority of the test's own, and what it has signed for one name."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

LOCAL = "subjectAltName=IP:127.0.0.1,DNS:localhost"


@dataclass(frozen=True)
class Certificate:
    file: Path
    key: Path


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def authority(folder: Path, name: str) -> Certificate:
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *key, "-keyout", made.key, "-out", made.file, "-days", 2, "-subj", f"/CN={name}")
    return made


def signed_by(issuer: Certificate, folder: Path, name: str) -> Certificate:
    """For this machine."""
    made, request, extensions = (
        Certificate(folder / f"{name}.pem", folder / f"{name}.key"),
        *(folder / f"{name}.{end}" for end in ("csr", "ext")),
    )
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", *key, "-keyout", made.key, "-out", request, "-subj", f"/CN={name}")
    extensions.write_text(LOCAL + "\n")
    signer = ("-CA", issuer.file, "-CAkey", issuer.key, "-CAcreateserial")
    _openssl("x509", "-req", "-in", request, *signer, "-days", 2, "-extfile", extensions, "-out", made.file)
    return made
