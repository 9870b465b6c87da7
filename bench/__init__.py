"""The bench: CPU time per query of this server beside its peers (docs/bench.md says how and why)."""
