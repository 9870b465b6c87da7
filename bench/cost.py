"""What a server costs: processor time and memory of its processes, from /proc (proc(5))."""

import os
from pathlib import Path

from bench.peers import Server

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(server: Server) -> float:
    """User and system time that all its processes and their threads have used, in seconds."""
    return sum(_ticks(pid) for pid in server.processes()) * TICK_S


def memory_bytes(server: Server) -> int:
    """Its proportional set size: shared pages count once."""
    return sum(_pss(pid) for pid in server.processes())


def _ticks(pid: int) -> int:
    """Fields 14 and 15; they are counted from the last parenthesis, for the name in the second may hold blanks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _pss(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
