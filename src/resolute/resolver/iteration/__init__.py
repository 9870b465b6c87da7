"""Iteration from the root (RFC 1034 5.3.3) as a machine without I/O: `machine.py` first, then `asking.py`, `judge.py`.

    resolve -> chain of names -> lookup: closest cut -> asking its servers -> judge --referral--> the cut below
                     ^                                                         |
                     +----------------- CNAME, DNAME --------------------------+-> answer

What it wants done it yields (`effects.py`): a question to a server, or to share what another query is doing already.
`resolute.resolver.recursion` does it.
"""
