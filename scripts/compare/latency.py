"""For scripts/compare/watch.sh: how long it takes until a call is sealed that is
renamed into the spool of a service that has nothing else to do.

Prints the longest time and the median of 20, in milliseconds.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

callseal, place = sys.argv[1], pathlib.Path(sys.argv[2])
sealed = place / "outbox/.callseal/sealed"
service = subprocess.Popen(
    [callseal, "watch", "--jobs", "2", "--config", place / "watch.toml"],
    stderr=subprocess.PIPE,
    text=True,
)
# It says that it's watching.
service.stderr.readline()
times = []
for number in range(20):
    call = place / f"{number}.wav"
    call.write_bytes(os.urandom(16384))
    time.sleep(0.1)
    begin = time.perf_counter()
    call.rename(place / "spool" / call.name)
    while len(list(sealed.glob("*.zip"))) == number:
        time.sleep(0.001)
    times.append(time.perf_counter() - begin)
service.terminate()
service.wait()
print(f"{max(times) * 1000:.0f} {statistics.median(times) * 1000:.0f}")
