"""The settings of learning: rates, and the stages with the losses that count in each.

Data that a recipe holds; the losses themselves stand in `train_step`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from bridge.training.losses.audio_losses import AudioLossSettings

Positive = Annotated[float, msgspec.Meta(gt=0, le=1e6)]  # the upper bounds keep infinity and slips of the pen out
Weight = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Rate = Annotated[float, msgspec.Meta(gt=0, le=1)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Counted = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Batch = Annotated[int, msgspec.Meta(ge=1, le=4096)]  # what is held in memory at once
ClipSeconds = Annotated[float, msgspec.Meta(ge=0.1, le=60)]


class TrainerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How examples are learned from.

    Attributes:
        batch: examples of an update, over all processes together.
        rate, surrogate_rate: highest learning rates of AdamW; they rise at the start and fall as half a cosine.
        weight_decay: of AdamW.
        average_decay: of the running average of the weights, which is what ships.
        validate_every: updates.
        checkpoint_every_s: so much of the learning a killed training loses at most, and the update under way.
    """

    batch: Batch
    rate: Rate
    surrogate_rate: Share
    weight_decay: Weight
    average_decay: Share
    validate_every: Counted
    checkpoint_every_s: Positive = 30.0


class LossWeights(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What each loss weighs; 0 leaves it out, and what only it needs is not computed.

    Attributes:
        position: error of the positions, per range, against the setting that is right.
        category: cross-entropy of switches and choices.
        surrogate: distance in dB of the sound that a learned surrogate predicts.
        jacobian: distance in dB by the cached derivative of the profile (perceptual-neural-physical loss).
        plugins: distance of the sound that the plugins themselves make, gradients by perturbation.
        defaults: distance of the positions from the chain's neutral ones, per range.
        spread: likelihood of the errors under the predicted spread; it does not move the positions.
        target: distance in dB of the predicted profile of the right sound.
    """

    position: Weight = 0.0
    category: Weight = 0.0
    surrogate: Weight = 0.0
    jacobian: Weight = 0.0
    plugins: Weight = 0.0
    defaults: Weight = 0.0
    spread: Weight = 0.0
    target: Weight = 0.0


class PluginLossSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a stage learns through the plugins.

    Attributes:
        examples: of an update; each is drawn afresh and rendered.
        clip_s: length of each.
        estimator: how the gradient is found: "spsa" moves all controls at once, "grouped" at most 16 random groups of
            them in turn, "central" each control by itself; see `bridge.training.plugin_layer.perturbation`.
        directions: of the perturbation, each rendered at both ends; of "grouped" so many for each group. "central"
            has one for each control.
        step: of the perturbation, as a share of each range.
        steps: whether that is the "same" for all controls, or that of a typical one, and the others have theirs by how
            far they change the sound ("heard"): what hardly does moves farther, what does much less far. Measured once,
            by two renders a control of each of `SENSITIVITY_EXAMPLES`.
        moves_choices: whether switches and choices are moved too, each to its next place; they learn from the other
            losses alone otherwise.
        loss: what the sounds are compared by; modes whose level means nothing are compared at equal loudness.
    """

    examples: Batch = 8
    clip_s: ClipSeconds = 3.0
    estimator: Literal["spsa", "grouped", "central"] = "spsa"
    directions: Annotated[int, msgspec.Meta(ge=1, le=256)] = 4
    step: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.05
    steps: Literal["same", "heard"] = "same"
    moves_choices: bool = False
    loss: AudioLossSettings = AudioLossSettings()


class TrainingStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stretch of the training.

    Attributes:
        share: of the learning time, relative to the other stages' shares.
        rate: factor of the learning rate in this stage.
        slots: only so many slots of the chain, from the first, are learned; the others stay neutral (greedy
            training adds a plugin from stage to stage). 0: all.
    """

    name: str
    share: Positive
    loss: LossWeights
    rate: Positive = 1.0
    slots: Annotated[int, msgspec.Meta(ge=0)] = 0
    plugins: PluginLossSettings = PluginLossSettings()
