"""How much memory this process has. The module imports nothing else, since `start` measures imports."""

from pathlib import Path


def resident_kib() -> int:
    """KiB of resident memory."""
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmRSS:") + 1])
