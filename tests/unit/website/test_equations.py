"""TeX becomes MathML that a browser draws by itself, and TeX that isn't understood is found."""

import pytest

from seqloom_docs.chapters import ChapterError
from seqloom_docs.equations import draw_equations


def test_inline_and_displayed_equations_keep_their_tex() -> None:
    drawn = draw_equations(
        'a <span class="arithmatex">\\(x_t &lt; 1\\)</span> b <div class="arithmatex">\\[\ny = \\tanh(x)\n\\]</div>'
    )
    assert drawn.count("<math") == 2
    assert '<annotation encoding="application/x-tex">x_t &lt; 1</annotation>' in drawn
    assert '<div class="equation"><math xmlns="http://www.w3.org/1998/Math/MathML" display="block">' in drawn
    assert "<mi>tanh</mi>" in drawn
    assert "arithmatex" not in drawn
    assert drawn.startswith("a <math")
    assert draw_equations("<p>no equation</p>") == "<p>no equation</p>"


@pytest.mark.parametrize("tex", [r"\nonsense x", r"x_{", r"\begin{aligned} a &amp;= b \end{aligned}"])
def test_what_is_not_understood_is_a_fault(tex: str) -> None:
    with pytest.raises(ChapterError, match="not understood as TeX: "):
        draw_equations(f'<span class="arithmatex">\\({tex}\\)</span>')
