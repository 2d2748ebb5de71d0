"""For scripts/compare/watch.sh: how long a service takes for a backlog.

Prints the seconds from the first claim until the last call is sealed, checked and gone
from the spool, the seconds in which the archive is made of them, and the memory at its
peak, in MiB.
"""

import os
import pathlib
import subprocess
import sys
import time

callseal, place = sys.argv[1], pathlib.Path(sys.argv[2])
command = [callseal, "watch", "-q", "--jobs", "2", "--config", place / "watch.toml"]
claims = place / "spool/.callseal/claims"
peak = 0


def end(service):
    """Waits for the end of a service, which has to be a success."""
    global peak
    _, status, usage = os.wait4(service.pid, 0)
    peak = max(peak, usage.ru_maxrss // 1024)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit("the service has failed")


def has_files(directory):
    """Returns whether there is a file anywhere in a directory."""
    try:
        with os.scandir(directory) as entries:
            return any(
                has_files(entry.path) if entry.is_dir() else True for entry in entries
            )
    except FileNotFoundError:
        return False


def is_drained():
    """Returns whether no call is in the spool or its claims. Calls move from the one to
    the other: so the claims come last."""
    places = [entry for entry in (place / "spool").iterdir() if entry.name != ".callseal"]
    return not any(map(has_files, places)) and not has_files(claims)


def wait(service, seconds):
    """Waits, as long as the service works."""
    time.sleep(seconds)
    if service.poll() is not None:
        sys.exit("the service has ended")


service = subprocess.Popen(command)
while not claims.is_dir() or not any(claims.iterdir()):
    wait(service, 0.005)
begin = time.perf_counter()
while not is_drained():
    wait(service, 0.02)
drained = time.perf_counter() - begin
service.terminate()
end(service)

begin = time.perf_counter()
service = subprocess.Popen([*command, "--once"])
end(service)
# It looks twice, a second apart.
bundled = time.perf_counter() - begin - 1
print(f"{drained:.1f} {bundled:.1f} {peak}")
