"""The section `search`: how a translation is looked for once the model is trained."""

from typing import Self

from pydantic import Field, model_validator

from seqloom.config.section import Count, CountOrZero, NotNegative, Positive, Section, contradiction


class SearchConfig(Section):
    """How the best output is looked for."""

    beam: Count = Field(default=5, le=1000, description="Hypotheses kept at each step; 1 is greedy search.")
    length_penalty: NotNegative = Field(
        default=1.0,
        le=10.0,  # as search.options refuses more
        description="Exponent of the length penalty of Wu et al. 2016; 0 compares plain log-probabilities, "
        "more favours longer outputs.",
    )
    coverage_penalty: NotNegative = Field(
        default=0.0,
        description="Weight of the coverage penalty of Wu et al. 2016, which favours outputs whose attention "
        "reached every source position; 0 is off.",
    )
    n_best: Count = Field(default=1, description="Outputs given for each input, best first.")
    max_length_factor: Positive = Field(
        default=2.0,
        le=1000.0,
        description="An output has at most factor * source symbols + search.max_length_extra symbols.",
    )
    max_length_extra: CountOrZero = Field(
        default=10, description="Symbols added to the longest output allowed, so that short inputs have room."
    )
    min_length: CountOrZero = Field(
        default=0, description="An output has at least so many symbols, where its longest allows."
    )
    no_repeat_ngram: CountOrZero = Field(
        default=0, description="No run of this many symbols occurs twice in an output; 0 is off."
    )
    allow_unknown: bool = Field(
        default=True,
        description="Whether <unk> may be written, where a word is meant that the vocabulary doesn't have.",
    )
    batch_sentences: Count = Field(default=64, description="Inputs searched together.")

    @model_validator(mode="after")
    def _check_n_best(self) -> Self:
        if self.n_best > self.beam:
            raise contradiction(
                f"search.n_best = {self.n_best} asks for more outputs than search.beam = {self.beam} keeps",
                f"Set search.beam = {self.n_best} or more.",
                ["search.n_best", "search.beam"],
            )
        return self
