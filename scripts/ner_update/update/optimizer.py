"""Adam that learns slowly in the encoder and fast in what stands on it: discriminative learning rates.

With one rate for both, either the encoder forgets its language, or the recogniser on top, whose output layer starts at
zero, says nothing for the first thousand steps: F 0.0 on the dev set after 600 steps at 2e-4 (benchmarks/README.md).
After Howard and Ruder 2018 (ULMFiT, section 3.2), with two groups instead of one per layer.
"""

from spacy.util import registry
from thinc.api import Optimizer
from thinc.types import FloatsXd


class EncoderAdam(Optimizer):
    """Adam with another rate for the parameters of PyTorch modules.

    encoder_scale (float): Their learning rate, as a share of that of all the others.
    """

    def __init__(self, learn_rate, *, encoder_scale: float, **settings):
        super().__init__(learn_rate, **settings)
        self.encoder_scale = encoder_scale

    def __call__(self, key: tuple[int, str], weights: FloatsXd, gradient: FloatsXd, *, lr_scale: float = 1.0):
        # thinc calls its own parameters "W" or "b"; those of a PyTorch module carry a path: "encoder.layer.0.…".
        scale = self.encoder_scale if "." in key[1] else 1.0
        return super().__call__(key, weights, gradient, lr_scale=lr_scale * scale)


@registry.optimizers("ner_update.EncoderAdam.v1")
def make_optimizer(
    learn_rate, encoder_scale: float, L2: float = 0.01, grad_clip: float = 1.0, use_averages: bool = False
) -> EncoderAdam:
    """Make an EncoderAdam with weight decay, and thinc's values for the rest."""
    return EncoderAdam(
        learn_rate,
        encoder_scale=encoder_scale,
        L2=L2,
        L2_is_weight_decay=True,
        grad_clip=grad_clip,
        use_averages=use_averages,
    )
