"""A certificate authority on loopback, and a client of it: is a challenge that a tool puts into a zone found there?

    with Resolute(Service(), admin=True) as server, Pebble(server.endpoint) as authority:
        certificate = Lego(authority, tmp_path).obtain("pdns", ["www.example.org"], {"PDNS_API_KEY": ...})

Pebble is Let's Encrypt's small server for tests (RFC 8555). It asks the DNS server that it is given for the TXT record
of each dns-01 challenge (RFC 8555 8.4), and gives a certificate when it is the right one. Nothing is skipped.
"""

import ipaddress
import json
import os
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.peers import Endpoint, Server, Service
from bench.peers.server import free_port

SETTINGS: Final = ("PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0")
"""It validates at once, takes every nonce, and validates again for each certificate."""


class Pebble(Server):
    """The authority. It asks `dns` alone about the names that it is to certify."""

    name = "Pebble"
    command = "pebble"
    where_from = "the Debian package pebble has it"

    def __init__(self, dns: Endpoint) -> None:
        super().__init__(Service())
        self.dns = dns

    @property
    def directory(self) -> str:
        """Where a client begins (RFC 8555 7.1.1)."""
        return f"https://{self.endpoint}/dir"

    @property
    def trusted(self) -> Path:
        """The certificate that its own HTTPS has."""
        return self.folder / "https.pem"

    def arguments(self) -> Sequence[str]:
        key = _certify(self.trusted, self.endpoint.host)
        settings = {
            "listenAddress": str(self.endpoint),
            "managementListenAddress": "",
            "certificate": str(self.trusted),
            "privateKey": str(key),
            "httpPort": free_port(),
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
        }
        path = self.write("pebble.json", json.dumps({"pebble": settings}))
        return [*SETTINGS, super().executable(), "-config", str(path), "-dnsserver", str(self.dns)]

    def executable(self) -> str:
        """Its settings are environment variables."""
        return "/usr/bin/env"

    def answers(self) -> bool:
        """Whether it shows its directory."""
        try:
            context = ssl.create_default_context(cafile=self.trusted)
            return httpx.get(self.directory, verify=context, timeout=5).is_success
        except httpx.TransportError:
            return False


@dataclass(frozen=True)
class Lego:
    """A client of an authority; its account and certificates are in `folder`."""

    authority: Pebble
    folder: Path
    timeout_s: float = 50.0

    def obtain(self, provider: str, domains: Sequence[str], environment: Mapping[str, str]) -> x509.Certificate:
        """A certificate for these names, by the challenge dns-01 of a provider, which reads `environment`. Raises
        AssertionError with what lego and the authority have said."""
        done = self.run(provider, domains, environment)
        assert done.returncode == 0, f"{done.stdout}\n{self.authority.log_text()}"
        first = domains[0].replace("*", "_")
        return x509.load_pem_x509_certificate((self.folder / "certificates" / f"{first}.crt").read_bytes())

    def run(
        self, provider: str, domains: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """The same, as it ends. The zone of a name is looked for at the DNS server that the authority asks."""
        command = [
            *("lego", "--accept-tos", "--email=hostmaster@example.org", f"--path={self.folder}"),
            *(f"--server={self.authority.directory}", f"--dns={provider}", "--dns.disable-cp"),
            *(f"--dns.resolvers={self.authority.dns}", *(f"--domains={domain}" for domain in domains), "run"),
        ]
        known = {"PATH": os.environ["PATH"], "LEGO_CA_CERTIFICATES": str(self.authority.trusted)}
        return subprocess.run(
            command,
            env=known | dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=self.timeout_s,
        )


def names_of(certificate: x509.Certificate) -> list[str]:
    """The names that a certificate is for."""
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return sorted(extension.value.get_values_for_type(x509.DNSName))


def _certify(path: Path, address: str) -> Path:
    """Writes a certificate for an address, signed by itself; returns where its key is."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pebble")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=24))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path = path.with_suffix(".key")
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key_path
