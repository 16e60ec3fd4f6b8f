"""What keeps a command off the network, and away from anybody's accounts."""

import shutil
import subprocess

import pytest

# Nothing listens there.
REFUSED = "http://127.0.0.1:9"
PROXIES = {name: REFUSED for lower in ("http_proxy", "https_proxy", "all_proxy") for name in (lower, lower.upper())}
DIRECT = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
# Nothing here may find its way to the real S3, nor to the keys of whoever runs the tests.
KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "none",
    "AWS_SHARED_CREDENTIALS_FILE": "none",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


def cut_off(kind: str) -> tuple[list[str], dict[str, str]]:
    """RETURNS (tuple): What to put before a command, and into its environment, so that it reaches no other machine."""
    if kind == "a proxy that refuses":
        return [], PROXIES
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        pytest.skip("this system lets nobody but root make a network namespace")
    return ["unshare", "-rn"], {}
