"""What the units say, and a process as one of them starts it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import seccomp

from checks import expect, run


class Unit:
    def __init__(self, path):
        self.lines = [line.strip() for line in path.read_text().splitlines()]

    def all(self, key):
        return [line.split("=", 1)[1] for line in self.lines if line.startswith(f"{key}=")]

    def one(self, key):
        (value,) = self.all(key)
        return value


def system_calls(name):
    """Returns the system calls of a name of SystemCallFilter=, which may be that of a set."""
    if not name.startswith("@"):
        return {name}
    calls = set()
    for line in run(["systemd-analyze", "syscall-filter", name]).stdout.splitlines()[1:]:
        member = line.strip()
        if member and not member.startswith("#"):
            calls |= system_calls(member)
    return calls


def system_call_filter(unit):
    """Returns the unit's filter: what isn't allowed fails with EPERM."""
    allowed = set()
    for value in unit.all("SystemCallFilter"):
        names = [call for name in value.lstrip("~").split() for call in system_calls(name)]
        if value.startswith("~"):
            allowed -= set(names)
        else:
            allowed |= set(names)
    made = seccomp.SyscallFilter(seccomp.ERRNO(1))
    for call in sorted(allowed):
        try:
            made.add_rule(seccomp.ALLOW, call)
        except (RuntimeError, ValueError):
            pass  # a system call of another architecture
    return made


def start(tree, unit, environment):
    """Starts a unit's program in the tree, as its user and with its filter."""
    command = unit.one("ExecStart").split()
    entry = next(line.split(":") for line in (tree / "etc/passwd").read_text().splitlines()
                 if line.startswith(f"{unit.one('User')}:"))
    user, group = int(entry[2]), int(entry[3])
    calls = system_call_filter(unit)

    def become():
        os.chroot(tree.path)
        os.chdir("/")
        os.umask(int(unit.one("UMask"), 8))
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
        calls.load()

    return subprocess.Popen(
        command,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=become,
    )


def verify(directory, name, drop_in=""):
    """Has systemd verify a unit. Its program isn't on this machine, so another one stands in for it."""
    with tempfile.TemporaryDirectory() as work:
        unit = Path(work) / name
        unit.write_text((directory / name).read_text().replace("/usr/bin/callseal", "/bin/true"))
        if drop_in:
            Path(f"{unit}.d").mkdir()
            Path(f"{unit}.d/directories.conf").write_text(drop_in)
        for other in directory.glob("*.service"):
            if other.name != name:
                shutil.copy(other, work)
        said = run(["systemd-analyze", "verify", "--man=no", str(unit)])
        complaints = [line for line in said.stderr.splitlines() if name in line]
        expect(not complaints, "\n".join(complaints))
        if unit.suffix == ".service":
            run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)])
