"""Stop what a test started: servers, and a browser."""

import subprocess

import psutil


def ended(process: subprocess.Popen) -> bool:
    """RETURNS (bool): Whether it ends within half a second: so the next question is not asked at once."""
    try:
        process.wait(timeout=0.5)
        return True
    except subprocess.TimeoutExpired:
        return False


def stop(process: subprocess.Popen) -> None:
    """With all that it started."""
    try:
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    except psutil.NoSuchProcess:
        return
    for one in family:
        one.kill()
    psutil.wait_procs(family, timeout=30)
    process.wait(timeout=30)
