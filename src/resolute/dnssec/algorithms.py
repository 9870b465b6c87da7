"""Public keys of the DNSSEC algorithms, and what verifies with them (RFC 3110, 5702, 6605, 8080).

It brings the `cryptography` library: who only reads signatures does not import it. Everything here is safe in a thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from resolute.dnssec.keys import rsa_numbers

Verify = Callable[[bytes, bytes], None]
"""Takes a signature and the data; raises when the one is not of the other."""

FAULTS: Final = (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, OverflowError)
"""All that loading a key and verifying may raise."""

_RSA_BITS: Final = range(512, 4_097)
"""RFC 5702 2.1: the length of the modulus."""
_MOST_EXPONENT_BITS: Final = 35
"""A longer one makes each check slower by as much."""
_REMEMBERED: Final = 1_024


@lru_cache(_REMEMBERED)
def load(algorithm: int, material: bytes) -> Verify:
    """What verifies with the public key of a DNSKEY (the rdata after its four first octets).

    Raises one of FAULTS when it is no key of the algorithm.
    """
    loader = _LOADERS.get(algorithm)
    if loader is None:
        raise UnsupportedAlgorithm(f"algorithm {algorithm} is not known here")
    return loader(material)


def verify(algorithm: int, material: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature is the key's over the data; False for a key that is none. Never raises."""
    try:
        load(algorithm, material)(signature, data)
    except FAULTS:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Rsa:
    """RFC 3110 2: the length of the exponent, the exponent, the modulus."""

    digest: hashes.HashAlgorithm

    def __call__(self, material: bytes) -> Verify:
        exponent, modulus = rsa_numbers(material)
        if modulus.bit_length() not in _RSA_BITS or exponent.bit_length() > _MOST_EXPONENT_BITS:
            raise ValueError(f"the modulus has {modulus.bit_length()} bits, the exponent {exponent.bit_length()}")
        key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        scheme, digest = padding.PKCS1v15(), self.digest
        return lambda signature, data: key.verify(signature, data, scheme, digest)


@dataclass(frozen=True, slots=True)
class _Ecdsa:
    """RFC 6605 4: both coordinates of the point; a signature is both integers, each of the curve's length."""

    curve: ec.EllipticCurve
    size: int
    digest: hashes.HashAlgorithm

    def __call__(self, material: bytes) -> Verify:
        if len(material) != 2 * self.size:
            raise ValueError(f"the key has {len(material)} octets: expected {2 * self.size}")
        key = ec.EllipticCurvePublicKey.from_encoded_point(self.curve, b"\x04" + material)
        scheme, size = ec.ECDSA(self.digest), self.size

        def check(signature: bytes, data: bytes) -> None:
            if len(signature) != 2 * size:
                raise InvalidSignature
            pair = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
            key.verify(encode_dss_signature(*pair), data, scheme)

        return check


def _ed25519(material: bytes) -> Verify:
    return ed25519.Ed25519PublicKey.from_public_bytes(material).verify


def _ed448(material: bytes) -> Verify:
    return ed448.Ed448PublicKey.from_public_bytes(material).verify


_LOADERS: Final[dict[int, Callable[[bytes], Verify]]] = {
    5: _Rsa(hashes.SHA1()),  # noqa: S303 - whether it is used is a setting
    7: _Rsa(hashes.SHA1()),  # noqa: S303
    8: _Rsa(hashes.SHA256()),
    10: _Rsa(hashes.SHA512()),
    13: _Ecdsa(ec.SECP256R1(), 32, hashes.SHA256()),
    14: _Ecdsa(ec.SECP384R1(), 48, hashes.SHA384()),
    15: _ed25519,
    16: _ed448,
}
