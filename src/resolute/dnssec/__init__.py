"""DNSSEC without I/O: keys, signatures, proofs of absence, trust anchors, and the validator that puts them together.

question + message ─► validator ─┬─► needs: the DS or DNSKEY RRset of a zone ─► fed ─┐
                          ▲      └─► checks: one signature each, in any thread ──────┤
                          └──────────────────────────────────────────────────────────┘
                          └─► verdict: secure, insecure, bogus or indeterminate; TTLs; why (RFC 8914)

keys, signatures ─► denial (nsec, nsec3) ─► trust (what is known of zones) ─► validator ─► ranges (RFC 8198)
anchors ─► rollover (RFC 5011)
"""
