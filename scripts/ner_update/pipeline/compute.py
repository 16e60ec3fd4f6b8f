"""Do arithmetic on a GPU, or say why that cannot be."""

from errno import ENODEV

from thinc.api import require_gpu


def take_gpu(gpu_id: int) -> None:
    """Let this process do its arithmetic on a GPU.

    gpu_id (int): Its number, from 0.
    RAISES (OSError): ENODEV, if there is no such GPU, or nothing is installed that could use it.
    """
    try:
        require_gpu(gpu_id)
    except (ValueError, RuntimeError) as error:
        # thinc's own words for what is missing, CUDA's for a number that no GPU has.
        raise OSError(ENODEV, f"vars.gpu_id is {gpu_id}: {error}") from error
