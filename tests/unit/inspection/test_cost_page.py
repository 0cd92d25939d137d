"""What a sentence costs, on a page and in a notebook: the numbers are those of the record."""

import kinds
from seqloom.data.batch import collate
from seqloom.inspection.cost import Cost, measure_cost
from seqloom.inspection.cost_page import cost_fragment, cost_page, memory_rows


def cost() -> Cost:
    pairing = ("gru-bi-1", "gru-between-additive")
    batch = collate([[4, 5, 6, 7, 8]], [[4, 5, 6]])
    return measure_cost(kinds.model_of(*pairing), kinds.config_of(*pairing), batch, 3)


def test_the_page_has_parameters_operations_and_memory() -> None:
    found = cost()
    page = cost_page(found)
    for number in (
        *found.parameters.values(),
        found.bytes,
        found.memory[1].decoder_peak,
        found.memory[0].kept,
    ):
        assert f">{number:,}</td>" in page
    assert "writing by a beam of 3, at its peak" in page
    assert "operations to read a token" in page
    assert "<script" not in page
    assert cost_fragment(found) == found._repr_html_()
    assert "<html" not in cost_fragment(found)


def test_the_record_has_the_memory_of_the_page() -> None:
    found = cost()
    record = found.to_record()["memory"]
    assert record["beam"] == 3
    assert record["computed"]["weights"] == record["measured"]["weights"] == found.bytes
    told = [(row[1], row[2]) for row in memory_rows(found)[1:]]
    names = ("weights", "encoder_peak", "encoder_largest", "decoder_peak", "decoder_largest", "kept")
    assert told == [(f"{record['computed'][name]:,}", f"{record['measured'][name]:,}") for name in names]
