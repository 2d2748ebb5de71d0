"""The socket that a service notifies, in the place of systemd's."""

import os
import socket
import time

from checks import Wrong


class Notifications:
    def __init__(self, directory):
        """Listens at the path `notify` in a directory."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # The path of a socket has 107 bytes at most.
        handle = os.open(directory, os.O_PATH)
        try:
            self.socket.bind(f"/proc/self/fd/{handle}/notify")
        finally:
            os.close(handle)
        os.chmod(directory / "notify", 0o777)
        self.seen = []

    def wait_for(self, word, seconds, after=0):
        """Waits until a notification has a word such as `READY=1`, and returns how many came until then."""
        end = time.monotonic() + seconds
        while True:
            for number, lines in enumerate(self.seen[after:], after):
                if any(line.startswith(word) for line in lines):
                    return number + 1
            after = max(after, len(self.seen))
            left = end - time.monotonic()
            if left <= 0:
                raise Wrong(f"no {word} within {seconds} seconds; seen: {self.seen}")
            self.socket.settimeout(left)
            try:
                self.seen.append(self.socket.recv(65536).decode().splitlines())
            except TimeoutError:
                pass
