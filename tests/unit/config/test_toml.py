"""TOML: faults explained, keys found again, values written."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.base.errors import ConfigError
from seqloom.config.toml import check_depth, locate_keys, parse_toml, show_value, write_value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[text]\ntokenizer = bpe", 'line 2, is not valid TOML: invalid value, in "tokenizer = bpe". '
         'Put text in quotes: "bpe".'),
        ("x = True", 'line 1, is not valid TOML: invalid value, in "x = True". Write true or false.'),
        ("x = yes # or no", 'invalid value, in "x = yes # or no". Write true or false.'),
        ("x = .3", 'in "x = .3". Write digits on both sides of the point, as in 0.3.'),
        ("x = 5.", 'in "x = 5.". Write digits on both sides of the point, as in 0.3.'),
        ("x = 1\nx = 2", 'line 2, is not valid TOML: cannot overwrite a value, in "x = 2". '
         "A key or table stands there twice; remove one."),
        ("[a]\n[a]", "A key or table stands there twice; remove one."),
        ("width: 3", "TOML separates key and value with =, not with a colon."),
        ("[model", "Write the table's name in brackets, as in [model.encoder]."),
        ('x = "abc\ny = 1', "Close what is open: a list with ], a text with its quotation mark."),
        ("x = [1,\n2\n", "line 3, is not valid TOML: unclosed array. "
         "Close what is open: a list with ], a text with its quotation mark."),
        ("preset", "Write it as key = value, with text in quotes, under a [table]."),
        ("x = \x1b[31m", 'in "x = \\x1b[31m"'),
    ],
)  # fmt: skip
def test_syntax_faults(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_toml(text, "config.toml")
    assert str(caught.value).startswith("config.toml, line ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "text", ["x = " + "[" * 5000, ".".join("a" * 3000) + " = 1", "[" + ".".join("a" * 17) + "]\n"]
)
def test_deep_nesting_is_refused(text):
    with pytest.raises(ConfigError, match=r"^c\.toml nests lists or tables too deeply\."):
        parse_toml(text, "c.toml")


def test_a_mapping_that_holds_itself_is_refused():
    loop: dict[str, object] = {}
    loop["loop"] = loop
    with pytest.raises(ConfigError, match=r"^here nests lists or tables too deeply\."):
        check_depth(loop, "here")


TEXT = """# a comment = 1
seed = 3

[data]  # where
train = [
  "a.en",   # x = 1
  "a.de",
]
notes = '''
[model]
width = 4
'''
[model]
width = 5
encoder = { kind = "recurrent", layers = 2 }
decoder.layers = 3
"quoted.key" = 1
[[tables]]
x = 1
"""


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n")])
def test_keys_are_found_on_their_lines(text):
    assert locate_keys(text) == {
        ("seed",): 2,
        ("data",): 4,
        ("data", "train"): 5,
        ("data", "notes"): 9,
        ("model",): 13,
        ("model", "width"): 14,
        ("model", "encoder"): 15,
        ("model", "encoder", "kind"): 15,
        ("model", "encoder", "layers"): 15,
        ("model", "decoder"): 16,
        ("model", "decoder", "layers"): 16,
        ("model", "quoted.key"): 17,
        ("tables",): 18,
        ("tables", "x"): 19,
    }


def test_a_list_without_end_in_sight_has_no_line():
    text = "seed = 1\nx = [\n" + "1,\n" * 300 + "]\ny = 2\n"
    assert locate_keys(text) == {("seed",): 1}


VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8")),
)


@given(st.one_of(VALUES, st.lists(VALUES)))
def test_written_values_read_back(value):
    read = tomllib.loads(f"x = {write_value(value)}")["x"]
    assert read == value
    assert type(read) is type(value)


def test_tables_none_and_strangers():
    assert tomllib.loads(f"x = {write_value({'a': 1, 'b': ['c']})}")["x"] == {"a": 1, "b": ["c"]}
    assert write_value(None) == '"none"'
    with pytest.raises(TypeError, match="a configuration holds no set"):
        write_value({1})


def test_values_are_shown_short_and_harmless():
    assert show_value("a" * 100) == '"' + "a" * 58 + "…"
    assert show_value({1}) == "{1}"
    assert show_value("\x1b[31m\x9b\udc80") == '"\\u001b[31m\\x9b\\udc80"'
