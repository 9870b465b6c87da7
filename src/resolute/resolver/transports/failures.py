"""Why a connection could not be opened, in words that follow an upstream's name."""

import errno
import os
import ssl
from typing import Final

from resolute.resolver.forwarder import Reason
from resolute.resolver.transports.message import ExchangeError

CLOSED: Final = "closed the connection"
SLOW_HANDSHAKE: Final = "did not end the handshake in time"

_NO_MORE: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL})
_EXPIRED, _NOT_YET, _SELF_SIGNED, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 18, 62, 64
"""OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_*)."""
_UNKNOWN_SIGNERS: Final = frozenset({2, 19, 20, 21})


def opening(error: Exception, name: str) -> ExchangeError:
    """What the failure to open a connection means. `name`: what the certificate should have been for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ExchangeError(Reason.UNREACHABLE, certificate(error.verify_code, error.verify_message, name))
    if isinstance(error, ssl.SSLError):
        said = (getattr(error, "reason", None) or str(error)).replace("_", " ").lower()
        return ExchangeError(Reason.UNREACHABLE, f"cannot be spoken to over TLS: {said}")
    if isinstance(error, TimeoutError):
        return ExchangeError(Reason.TIMEOUT, SLOW_HANDSHAKE)
    number = error.errno if isinstance(error, OSError) else None
    said = (
        os.strerror(number) if number and number > 0 else str(error)
    )  # asyncio puts words of its own beside the number
    if number in _NO_MORE:
        return ExchangeError(Reason.SHORTAGE, f"was not asked: {said}")
    return ExchangeError(Reason.UNREACHABLE, f"cannot be reached: {said}" if said else "cannot be reached")


def certificate(code: int, message: str, name: str) -> str:
    """What is wrong with a certificate, from OpenSSL's number and words."""
    if code == _EXPIRED:
        return "has a certificate that has expired"
    if code == _NOT_YET:
        return "has a certificate that is not valid yet"
    if code in {_OTHER_NAME, _OTHER_ADDRESS}:
        return f"has a certificate that is not for {name}"
    if code == _SELF_SIGNED:
        return "has a certificate that it has signed itself"
    if code in _UNKNOWN_SIGNERS:
        return "has a certificate that nobody whom we trust has signed"
    return f"has a certificate that does not hold: {message}"


def no_protocol(wanted: str) -> ExchangeError:
    """The peer speaks TLS, and not what was asked for in it (RFC 7301)."""
    return ExchangeError(Reason.UNREACHABLE, f"does not speak {wanted} there")
