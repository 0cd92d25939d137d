"""The section `audio`: how sound becomes frames, and how frames are varied in training."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.config.section import Count, CountOrZero, Factors, Fraction, Positive, Section, contradiction

Normalisation = Literal["utterance", "corpus", "none"]


class AudioConfig(Section):
    """How sound becomes frames of features; read by tasks whose source is sound."""

    sampling_rate: int = Field(
        default=16_000,
        ge=1_000,
        le=384_000,
        description="Samples a second that the model hears; sound of another rate is resampled to it, with a notice.",
    )
    mel_bands: int = Field(
        default=80,
        ge=4,
        le=512,
        description="Log-mel energies of a frame, its features (kaldi's filter bank).",
    )
    frame_ms: Positive = Field(default=25.0, le=1000.0, description="Milliseconds of sound in a frame.")
    shift_ms: Positive = Field(
        default=10.0,
        le=1000.0,
        description="Milliseconds from frame to frame, of ready-made features too: the unit of times.",
    )
    lowest_frequency: float = Field(
        default=20.0, ge=0.0, description="Where the lowest mel band begins, in hertz."
    )
    highest_frequency: float = Field(
        default=0.0,
        ge=0.0,
        description="Where the highest mel band ends, in hertz; 0 is half the sampling rate.",
    )
    normalisation: Normalisation = Field(
        default="corpus",  # a short utterance has too few frames: what it says would be taken for its mean
        description="Mean 0 and variance 1 of each feature over the training corpus, the utterance, or neither.",
    )
    storage: Literal["float16", "float32"] = Field(
        default="float16", description="Number format of the frames in the prepared corpus."
    )
    max_seconds: Positive = Field(
        default=30.0,
        description="Longest utterance learnt from, longer ones being left out and counted; longer sound is "
        "transcribed in pieces, cut where it is quietest.",
    )
    speeds: Factors = Field(
        default=(1.0,),
        description="Speeds that training plays the sound at, one drawn anew for each utterance in each epoch (Ko et "
        "al. 2015), as in [0.9, 1.0, 1.1]; the prepared corpus holds the frames of each.",
    )
    time_masks: CountOrZero = Field(
        default=0,
        description="Stretches of frames hidden in training, drawn anew each epoch (SpecAugment, Park et al. 2019).",
    )
    time_mask_frames: Count = Field(default=40, description="Longest stretch of hidden frames.")
    time_mask_share: Fraction = Field(
        default=0.2, gt=0.0, description="Largest share of an utterance that one such stretch may hide."
    )
    frequency_masks: CountOrZero = Field(default=0, description="Ranges of features hidden in training.")
    frequency_mask_bands: Count = Field(default=27, description="Widest range of hidden features.")

    @model_validator(mode="after")
    def _check_frequencies(self) -> Self:
        top = self.sampling_rate / 2
        if self.highest_frequency > top:
            raise contradiction(
                f"audio.highest_frequency = {self.highest_frequency} lies above half of audio.sampling_rate = "
                f"{self.sampling_rate}, where there is no sound",
                f"Set audio.highest_frequency = {top:g} or less, or 0.",
                ["audio.highest_frequency", "audio.sampling_rate"],
            )
        if self.lowest_frequency >= (self.highest_frequency or top):
            raise contradiction(
                f"audio.lowest_frequency = {self.lowest_frequency} is not below where the mel bands end, "
                f"{self.highest_frequency or top:g}",
                "Set audio.lowest_frequency = 20.",
                ["audio.lowest_frequency", "audio.highest_frequency", "audio.sampling_rate"],
            )
        if self.frame_ms * self.sampling_rate / 1000 < 4:
            raise contradiction(
                f"audio.frame_ms = {self.frame_ms} holds fewer than 4 samples at audio.sampling_rate = "
                f"{self.sampling_rate}",
                "Set audio.frame_ms = 25.",
                ["audio.frame_ms", "audio.sampling_rate"],
            )
        if self.shift_ms * self.sampling_rate / 1000 < 1:
            raise contradiction(
                f"audio.shift_ms = {self.shift_ms} is less than one sample at audio.sampling_rate = "
                f"{self.sampling_rate}",
                "Set audio.shift_ms = 10.",
                ["audio.shift_ms", "audio.sampling_rate"],
            )
        return self

    @property
    def max_frames(self) -> int:
        """Frames of the longest utterance learnt from."""
        return max(1, round(1000 * self.max_seconds / self.shift_ms))

    @property
    def seconds_a_frame(self) -> float:
        """From frame to frame."""
        return self.shift_ms / 1000
