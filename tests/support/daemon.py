"""Starts other people's servers for a test, and ends them by their pid."""

import contextlib
import socket
import subprocess
import time

START_SECONDS = 30


def accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def daemon(command, port: int, log_path):
    """Runs `command` from when it accepts connections on `port` to the end of the block."""
    with log_path.open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + START_SECONDS
        while not accepts(port):
            assert process.poll() is None and time.monotonic() < until, log_path.read_text(errors="replace")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
