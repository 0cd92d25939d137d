from seqloom.text.printable import printable


def test_printable() -> None:
    assert printable("How are") == "How▁are"
    assert printable("a\0b\u200d") == "a<U+0000>b<U+200D>"
    assert printable("été 日本 👍") == "été▁日本▁👍"
    assert printable("\ue000\U0010ffff") == "<U+E000><U+10FFFF>"
