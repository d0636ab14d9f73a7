"""TLS files: whether OpenSSL can use them, and what they hold instead where it can't."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_BYTES: Final = 2**22
_PEM_LABEL: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_CERTIFICATES: Final = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_KEYS: Final = frozenset({b"PRIVATE KEY", b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"DSA PRIVATE KEY"})
_ENCRYPTED: Final = re.compile(rb"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type:\s*4,\s*ENCRYPTED")
_OTHER_LABELS: Final = {
    b"OPENSSH PRIVATE KEY": "a private key of OpenSSH",
    b"PUBLIC KEY": "a public key",
    b"CERTIFICATE REQUEST": "a request for a certificate",
    b"NEW CERTIFICATE REQUEST": "a request for a certificate",
    b"PKCS7": "a PKCS#7 archive",
    b"X509 CRL": "a list of revoked certificates",
    b"DH PARAMETERS": "parameters",
    b"EC PARAMETERS": "parameters",
}
# After the outer sequence a PKCS#12 file has the version 3, a key the version 0 or 1, a certificate another sequence.
_DER: Final = re.compile(rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....|\x80)(.{3})", re.DOTALL)

_AS_PEM: Final = "write it as PEM: openssl {command} -inform DER -in FILE -out FILE.pem"
_FROM_PKCS12: Final = "split it: openssl pkcs12 -in FILE -nodes, with -cacerts, -clcerts -nokeys or -nocerts"


class TlsMistake(NamedTuple):
    """A TLS file that can't be used: which one of `ca_file`, `cert_file`, `key_file`, and why."""

    key: str
    message: str


def tls_mistakes(ca_file: Path | None, cert_file: Path | None, key_file: Path | None) -> list[TlsMistake]:
    """What is wrong with the files of a TLS identity, found by loading them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ca.pem"
    ...     _ = file.write_bytes(b"")
    ...     [mistake.key for mistake in tls_mistakes(file, None, None)]
    ['ca_file']
    """
    named = {"ca_file": ca_file, "cert_file": cert_file, "key_file": key_file}
    files = {key: file for key, file in named.items() if file is not None}
    mistakes: list[TlsMistake] = []
    contents: dict[str, bytes] = {}
    for key, file in files.items():
        try:
            contents[key] = _content(file)
        except (OSError, ValueError) as error:
            mistakes.append(TlsMistake(key, f"{_reason(error)}: {file}"))
    for key, content in contents.items():
        problem = _wrong_content(key, content)
        if problem is not None:
            mistakes.append(TlsMistake(key, f"{files[key]} {problem}"))
    return mistakes or _openssl_mistakes(files)


def _content(file: Path) -> bytes:
    if not file.is_file():
        # Opening gives the system's own reason, such as a folder or a missing file.
        file.open("rb").close()
        raise ValueError("not a regular file")
    with file.open("rb") as opened:
        content = opened.read(_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        raise ValueError(f"larger than {_LARGEST_BYTES} bytes, which no certificate is")
    return content


def _reason(error: OSError | ValueError) -> str:
    return ((error.strerror or "") if isinstance(error, OSError) else "").lower() or str(error)


def _wrong_content(key: str, content: bytes) -> str | None:
    """What a file holds where it does not hold what its key asks for."""
    labels = set(_PEM_LABEL.findall(content))
    if key == "key_file":
        if _ENCRYPTED.search(content):
            return "holds an encrypted key; write it without its passphrase: openssl pkey -in FILE -out FILE.pem"
        if labels & _KEYS:
            return None
        wanted = "a private key in PEM"
    else:
        if labels & _CERTIFICATES:
            return None
        wanted = "a certificate in PEM"
    return f"holds {_held(content, labels)}, not {wanted}{_advice(key, content, labels)}"


def _held(content: bytes, labels: set[bytes]) -> str:
    if not content.strip():
        return "nothing"
    if labels & _CERTIFICATES:
        return "a certificate"
    if labels & _KEYS or _ENCRYPTED.search(content):
        return "a private key"
    known = next((text for label, text in _OTHER_LABELS.items() if label in labels), None)
    if known is not None:
        return known
    if content.startswith((b"ssh-", b"ecdsa-")):
        return "a public key of OpenSSH"
    return _der_kind(content) or "no PEM block"


def _der_kind(content: bytes) -> str | None:
    found = _DER.match(content)
    if found is None:
        return None
    if found[1] == b"\x02\x01\x03":
        return "a PKCS#12 archive"
    return "a private key in DER" if found[1][:1] == b"\x02" else "a certificate in DER"


def _advice(key: str, content: bytes, labels: set[bytes]) -> str:
    kind = _der_kind(content) if not labels else None
    if kind == "a PKCS#12 archive":
        return f"; {_FROM_PKCS12}"
    if kind is not None:
        return f"; {_AS_PEM.format(command='pkey' if 'key' in kind else 'x509')}"
    if key == "key_file" and labels & _CERTIFICATES:
        return "; cert_file and key_file may be swapped"
    if key == "cert_file" and labels & _KEYS:
        return "; cert_file and key_file may be swapped"
    return ""


def _openssl_mistakes(files: dict[str, Path]) -> list[TlsMistake]:
    """What OpenSSL refuses of files that look right."""
    mistakes: list[TlsMistake] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca_file, cert_file, key_file = (files.get(key) for key in ("ca_file", "cert_file", "key_file"))
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (ssl.SSLError, OSError, ValueError):
            mistakes.append(TlsMistake("ca_file", f"{ca_file} holds a damaged certificate"))
    if cert_file is not None and key_file is not None:
        try:
            # Without this callback OpenSSL would ask for a passphrase on the terminal.
            context.load_cert_chain(cert_file, key_file, password=str)
        except (ssl.SSLError, OSError, ValueError) as error:
            mistakes.append(_pair_mistake(cert_file, key_file, str(error)))
    return mistakes


def _pair_mistake(cert_file: Path, key_file: Path, error: str) -> TlsMistake:
    if "MISMATCH" in error.upper():
        return TlsMistake("key_file", f"{key_file} holds the key of another certificate, not of {cert_file}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=cert_file)
    except (ssl.SSLError, OSError, ValueError):
        return TlsMistake("cert_file", f"{cert_file} holds a damaged certificate")
    return TlsMistake("key_file", f"{key_file} holds a damaged or unsupported key")
