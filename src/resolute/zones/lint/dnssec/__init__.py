"""Signed zones: keys, signatures, and the chains of NSEC (RFC 4034, RFC 4035) and NSEC3 (RFC 5155, RFC 9276)."""
