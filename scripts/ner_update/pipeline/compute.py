"""Choose what does the arithmetic: a GPU, or the faster BLAS of the CPU."""

from errno import ENODEV

from thinc.api import NumpyOps, require_gpu, set_current_ops
from threadpoolctl import threadpool_limits


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


def use_openblas(torch_on_all: bool = False) -> None:
    """Multiply matrices with the OpenBLAS that NumPy carries instead of BLIS, on one thread.

    Call it before a pipeline is built or loaded. Measured in benchmarks/README.md; a second thread costs CPU
    time and gains none at these matrix sizes, and the result has the same bytes with one thread or two.

    torch_on_all (bool): Leave PyTorch, for the large matrices of a transformer, a thread per core. Not for one of several processes that
        read with it: they would take the cores from each other.
    """
    threadpool_limits(1, "blas" if torch_on_all else None)
    set_current_ops(NumpyOps(use_blis=False))
