"""What the kernel says of processes: memory, CPU, descriptors, children. Linux's /proc only."""

import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")


def own_mb(pid: int) -> float:
    """Resident set size, what is shared with others included."""
    return _kilobytes(PROC / str(pid) / "status", "VmRSS:") / 1024


def shared_mb(pids: Iterable[int]) -> float:
    """Proportional set size: what several processes share counts once among them."""
    return sum(_kilobytes(PROC / str(pid) / "smaps_rollup", "Pss:") for pid in pids) / 1024


def cpu_s(pids: Iterable[int]) -> float:
    """CPU time that these processes have used so far."""
    ticks = 0
    for pid in pids:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def descriptors(pid: int) -> int:
    """Files and sockets that are open."""
    return len(list((PROC / str(pid) / "fd").iterdir()))


def family(pid: int) -> list[int]:
    """The process and all that it started, and they."""
    parents = {int(p.name): _parent(p) for p in PROC.iterdir() if p.name.isdigit()}
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def server_of(folder: Path) -> list[int]:
    """The processes of the PostgreSQL whose cluster lies somewhere below this folder."""
    files = list(folder.rglob("postmaster.pid"))
    return [pid for file in files for pid in family(int(file.read_text().splitlines()[0]))]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return 0


def _kilobytes(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    raise ValueError(f"{file} does not say {name}")
