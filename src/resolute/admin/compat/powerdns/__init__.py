"""The HTTP API of the PowerDNS Authoritative Server (4.7 to 4.9), for the tools that speak it.

What it says there, these routes do: zones and RRsets go the way that they go in our own API, with the same rights. What
Resolute does not have (records that are switched off, comments, signing, secondary zones) is refused in words.
"""
