"""The zone linter: what is wrong or doubtful in a zone beyond what the server refuses, and how to mend it. No I/O.

    plane.ZoneScan ─► listing (canonical order) ─► walk ─┬─► families of checks ─► Report ─► findings
                                                         └─► dnssec (signatures, chains)
    all zones of one run ─► family: delegations against the zones that they lead to

`codes` is the registry: every finding's code, severity and remedy stands there, and docs/checks.md is made from it.
"""
