"""Samples to frames: log energies of mel bands, by kaldi-native-fbank."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.audio.resampling import Samples
from seqloom.base.errors import ConfigError, MissingDependencyError

FULL_SCALE = np.float32(32768.0)  # kaldi counts samples as 16-bit whole numbers


@dataclass(frozen=True)
class FilterBank:
    """Kaldi's log-mel filter bank without dither, so that the same sound always gives the same frames.

    rate                    samples a second
    bands                   F, features a frame
    frame_ms, shift_ms      length of a frame, and from frame to frame
    lowest, highest         where the bands begin and end, in hertz; highest 0 is half the rate
    """

    rate: int
    bands: int
    frame_ms: float = 25.0
    shift_ms: float = 10.0
    lowest: float = 20.0
    highest: float = 0.0

    def frames(self, samples: Samples) -> NDArray[np.float32]:
        """samples (length,), -1 to 1 -> (S, F): a frame every shift_ms, at least one.

        Raises   MissingDependencyError without kaldi-native-fbank; ConfigError for bands that hold no frequency
        """
        library = _library()
        try:
            bank = library.OnlineFbank(self._options(library))
        except (ValueError, RuntimeError) as error:
            raise ConfigError(
                f"audio.mel_bands = {self.bands} are too many for sound of {self.rate:,} samples a second in frames of "
                f"{self.frame_ms:g} ms: some would hold no frequency. Set fewer, or longer frames."
            ) from error
        bank.accept_waveform(self.rate, (samples * FULL_SCALE).tolist())
        bank.input_finished()
        count = bank.num_frames_ready
        frames = np.empty((max(count, 1), self.bands), np.float32)
        if not count:  # shorter than half a shift: one frame of what there is
            return self.frames(np.pad(samples, (0, self._samples_a_frame() - len(samples))))
        for number in range(count):
            frames[number] = bank.get_frame(number)
        return frames

    def _samples_a_frame(self) -> int:
        return int(np.ceil(self.rate * max(self.frame_ms, self.shift_ms) / 1000))

    def _options(self, library: Any) -> Any:
        options = library.FbankOptions()
        options.frame_opts.samp_freq = float(self.rate)
        options.frame_opts.frame_length_ms = self.frame_ms
        options.frame_opts.frame_shift_ms = self.shift_ms
        options.frame_opts.dither = 0.0
        options.frame_opts.snip_edges = False  # a frame for every shift, whatever the length
        options.mel_opts.num_bins = self.bands
        options.mel_opts.low_freq = self.lowest
        options.mel_opts.high_freq = self.highest
        return options


def _library() -> Any:
    try:
        import kaldi_native_fbank
    except ImportError as error:
        raise MissingDependencyError(
            "Log-mel frames need kaldi-native-fbank, which is not installed. Install it with: "
            "pip install 'seqloom[audio]'"
        ) from error
    return kaldi_native_fbank
