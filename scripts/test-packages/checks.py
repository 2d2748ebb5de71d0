"""Counts checks, each of which prints one line."""

import subprocess
import traceback

passed = 0
failed = 0


class Wrong(Exception):
    """What a check has found to be wrong."""


def expect(condition, message):
    if not condition:
        raise Wrong(message)


def check(name, body):
    """Runs a check, and returns whether it has passed."""
    global passed, failed
    try:
        body()
    except Wrong as wrong:
        reason = str(wrong)
    except subprocess.CalledProcessError as error:
        reason = f"{error}\n{error.stdout or ''}{error.stderr or ''}".rstrip()
    except Exception:
        reason = traceback.format_exc().rstrip()
    else:
        passed += 1
        print(f"ok: {name}", flush=True)
        return True
    failed += 1
    print(f"FAILED: {name}: {reason}", flush=True)
    return False


def run(command, **more):
    """Runs a program, and returns what it prints."""
    more.setdefault("check", True)
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(command, text=True, capture_output=True, **more)
