"""Transductive transfer: the same task in another domain, without its labels.

Every method has one signature: ``method(backbone, source, target_images, *, seed=0)``,
and some a strength of their own. The source has images and labels, the target only
images, so no method can see a target's label. What comes back is an `Adapted`, whose
``predict`` is made for images of the target, and whose ``backbone`` another method can
begin with.

=====================  ===============================================================
`source_only`          no adaptation: a linear head on the backbone's features
`importance_weighting` count source examples more that look like the target's
`subspace_alignment`   turn the source's main directions into the target's
`coral`                give the source's features the target's covariance
`optimal_transport`    move each source example to where the target's lie
`pseudo_labels`        believe the answers that are sure, and learn from them
`adabn`                give BatchNorm the target's statistics
`tent`                 then change BatchNorm until the answers are sure
`fine_tuned`           no adaptation: train the whole network on the source
`deep_coral`           train it so that covariances agree
`mmd`                  train it so that no kernel can tell the domains apart
`dann`                 train it so that no classifier can tell them apart
=====================  ===============================================================
"""

from tlcourse.adaptation.adapted import Adapted
from tlcourse.adaptation.batchnorm_only import adabn, tent
from tlcourse.adaptation.comparing import compare
from tlcourse.adaptation.deep import dann, deep_coral, fine_tuned, mmd
from tlcourse.adaptation.features import (
    coral,
    importance_weighting,
    optimal_transport,
    source_only,
    subspace_alignment,
)
from tlcourse.adaptation.model_choice import (
    VALIDATORS,
    certainty,
    choose,
    reverse_validation,
    source_validation,
)
from tlcourse.adaptation.self_training import pseudo_labels

__all__ = [
    "Adapted",
    "VALIDATORS",
    "adabn",
    "certainty",
    "choose",
    "compare",
    "coral",
    "dann",
    "deep_coral",
    "fine_tuned",
    "importance_weighting",
    "mmd",
    "optimal_transport",
    "pseudo_labels",
    "reverse_validation",
    "source_only",
    "source_validation",
    "subspace_alignment",
    "tent",
]
