"""Whether a master is a server of this very process."""

from __future__ import annotations

import os
import pathlib
import socket

_LISTENS = "0A"


def is_own(master: str) -> bool:
    """Returns whether this process listens at a master's address.

    Linux only; False where that can't be told.

    Args:
      master: Address such as "grpc://localhost:2222"; "" is this process.
    """
    if not master:
        return True
    host, _, port = master.rpartition("://")[2].rpartition(":")
    if not port.isdigit() or not _is_of_this_machine(host.strip("[]")):
        return False
    return bool(_listening(int(port)) & _own_sockets())


def _is_of_this_machine(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_can_bind(family, address) for family, *_, address in found)


def _can_bind(family: int, address: object) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)  # type: ignore[arg-type]
    except OSError:
        return False
    return True


def _listening(port: int) -> set[str]:
    """Returns the inodes of the sockets that listen at a port."""
    inodes = set()
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        try:
            lines = pathlib.Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            is_port = int(fields[1].rpartition(":")[2], 16) == port
            if is_port and fields[3] == _LISTENS:
                inodes.add(fields[9])
    return inodes


def _own_sockets() -> set[str]:
    inodes = set()
    folder = "/proc/self/fd"
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        try:
            target = os.readlink(os.path.join(folder, name))
        except OSError:  # Closed meanwhile, as the one of listdir itself.
            continue
        if target.startswith("socket:["):
            inodes.add(target[len("socket:[") : -1])
    return inodes
