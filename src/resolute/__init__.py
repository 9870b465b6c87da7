"""Resolute: an authoritative, forwarding and caching DNS server. A Python control plane over a Rust data plane."""

__version__ = "0.1.0"
