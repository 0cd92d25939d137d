"""Many files at once: which are meant, where results go, what stays."""

import os
from pathlib import Path

import pytest

from seqloom.base.errors import DataError, MissingDependencyError, ResourceError, UsageError
from seqloom.cli.many import (
    Found,
    Job,
    beside,
    find_files,
    jobs_of,
    mirrored,
    names_many,
    opened,
    plan_jobs,
    run_jobs,
    say_there,
)

FILES = ("a.en", "b.txt", "in/c.en", "in/deep/d.en", ".hidden/e.en", ".f.en", "a.en.part")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "texts" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x\n")
    return tmp_path / "texts"


def names(found: list[Found], root: Path) -> list[str]:
    return [str(each.path.relative_to(root)) for each in found]


def test_a_folder_stands_for_its_files_but_hidden_and_unfinished_ones(texts: Path) -> None:
    found = find_files([texts])
    assert names(found, texts) == ["a.en", "b.txt", "in/c.en", "in/deep/d.en"]
    assert {each.root for each in found} == {texts}
    assert names(find_files([texts], (".txt",)), texts) == ["b.txt"]


def test_patterns_fit_folders_of_any_depth(texts: Path) -> None:
    assert names(find_files([texts / "*.en"]), texts) == ["a.en"]
    found = find_files([texts / "**" / "*.en"])
    assert names(found, texts) == ["a.en", "in/c.en", "in/deep/d.en"]
    assert {each.root for each in found} == {texts}
    assert names_many(texts)
    assert names_many(texts / "*.en")
    assert not names_many(texts / "a.en")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(texts: Path) -> None:
    (texts / "a[1].en").write_text("x\n")
    assert not names_many(texts / "a[1].en")
    assert names(find_files([texts / "a[1].en"]), texts) == ["a[1].en"]


def test_each_file_is_meant_once(texts: Path) -> None:
    assert len(find_files([texts / "a.en", texts / "*.en", texts, texts])) == 4


def test_files_that_are_named_keep_their_order_and_may_be_named_twice(texts: Path) -> None:
    named = [texts / "b.txt", texts / "a.en", texts / "b.txt"]
    assert [each.path for each in find_files(named)] == named
    assert names(find_files([texts / "b.txt", texts / "a.en", texts, texts / "b.txt"]), texts) == [
        "b.txt",
        "a.en",
        "in/c.en",
        "in/deep/d.en",
        "b.txt",
    ]


def test_a_file_that_is_named_twice_is_one_job(texts: Path) -> None:
    named = [texts / "b.txt", texts / "a.en", texts / "b.txt"]
    jobs = jobs_of(named, lambda each: beside(each.path, "de"), overwrite=False)
    assert [job.source for job in jobs] == named[:2]


def test_a_file_that_isnt_there_is_a_job_that_fails_alone(texts: Path) -> None:
    missing, there = texts / "a.em", texts / "b.txt"
    (texts / "a.em.de").write_text("of what was there before")
    jobs = jobs_of([missing, there], lambda each: beside(each.path, "de"), overwrite=False)
    assert [job.source for job in jobs] == [missing, there]
    with pytest.raises(DataError, match=r"a\.em does not exist\. Did you mean .*a\.en\?$"):
        jobs_of([missing, missing], lambda each: beside(each.path, "de"), overwrite=False)


def test_no_file(texts: Path) -> None:
    with pytest.raises(DataError, match=r"^No file fits .*\*\.fr\. Name a folder or a pattern with files\.$"):
        find_files([texts / "*.fr"])
    with pytest.raises(DataError, match=r"^No file that ends in \.wav or \.flac is in "):
        find_files([texts], (".wav", ".flac"))


def test_where_results_go(texts: Path) -> None:
    assert beside(Path("x/new.en"), "de") == Path("x/new.en.de")
    assert beside(Path("x/new.en"), ".de") == Path("x/new.en.de")
    assert beside(Path("x/new.jsonl"), "de") == Path("x/new.de.jsonl")
    assert mirrored(Path("out"))(Found(texts / "in/c.en", texts)) == Path("out/in/c.en")


def test_results_that_are_there_stay_and_are_no_files_to_work_on(texts: Path) -> None:
    def place(found: Found) -> Path:
        return beside(found.path, "de")

    (texts / "a.en.de").write_text("there")
    os.utime(texts / "a.en.de", (1, 1))
    (texts / "b.txt.de").write_text("there")
    plan = plan_jobs(find_files([texts]), place, overwrite=False, named=[])
    assert [job.source.name for job in plan.jobs] == ["c.en", "d.en"]
    assert plan.there == (texts / "a.en.de", texts / "b.txt.de")
    assert plan.stale == (texts / "a.en.de",)
    anew = plan_jobs(find_files([texts]), place, overwrite=True, named=[])
    assert [job.source.name for job in anew.jobs] == ["a.en", "b.txt", "c.en", "d.en"]
    assert anew.there == ()
    said: list[str] = []
    say_there(plan, said.append)
    say_there(anew, said.append)
    assert said == [
        "seqloom: 2 results are there already and stay as they are (1 older than their files); --overwrite writes them "
        "anew."
    ]
    one: list[str] = []
    say_there(plan._replace(there=plan.there[:1]), one.append)
    assert one == [
        "seqloom: 1 result is there already and stays as it is (1 older than its file); --overwrite writes it anew."
    ]


def test_results_within_the_folder_that_is_read(texts: Path) -> None:
    place = mirrored(texts / "out")
    (texts / "out").mkdir()
    (texts / "out" / "a.en").write_text("there")
    plan = plan_jobs(find_files([texts]), place, overwrite=False, named=[])
    assert [job.source.name for job in plan.jobs] == ["b.txt", "c.en", "d.en"]


def test_a_file_that_is_named_is_worked_on_whatever_its_name(texts: Path) -> None:
    (texts / "a.en.de").write_text("x\n")
    found = find_files([texts / "a.en", texts / "a.en.de"])
    with pytest.raises(UsageError, match=r"The result of .*a\.en would be .*a\.en\.de, which is to be read"):
        plan_jobs(
            found, lambda each: beside(each.path, "de"), overwrite=True, named=[each.path for each in found]
        )


def test_two_files_cant_have_one_result(texts: Path) -> None:
    (texts / "in/deep/c.en").write_text("x\n")
    found = find_files([texts / "in/c.en", texts / "in/deep/c.en"])
    with pytest.raises(UsageError, match=r"would both be written to out/c\.en\. Name the folder"):
        plan_jobs(found, mirrored(Path("out")), overwrite=False, named=[])


def test_a_result_cant_be_its_own_file(texts: Path) -> None:
    with pytest.raises(UsageError, match=r"which is to be read\. Name another place"):
        plan_jobs(find_files([texts / "a.en"]), mirrored(texts), overwrite=True, named=[texts / "a.en"])


def test_a_file_that_fails_leaves_the_others_to_be_done() -> None:
    jobs = [Job(Path(name), Path(f"{name}.out")) for name in "abcd"]
    done: list[str] = []
    said: list[str] = []

    def work(job: Job) -> None:
        if job.source.name in "bc":
            raise (DataError if job.source.name == "b" else ResourceError)(f"{job.source} is bad.")
        done.append(job.source.name)

    with pytest.raises(
        DataError, match=r"^2 of 4 files could not be used, as said above; the others are done\.$"
    ):
        run_jobs(jobs, work, said.append)
    assert done == ["a", "d"]
    assert said == ["seqloom: b is bad.", "seqloom: c is bad."]
    with pytest.raises(DataError, match=r"^b is bad\.$"):
        run_jobs(jobs[1:2], work, said.append)
    with pytest.raises(UsageError):
        run_jobs(jobs, lambda _: (_ for _ in ()).throw(UsageError("mistyped")), said.append)
    with pytest.raises(MissingDependencyError):
        run_jobs(jobs, lambda _: (_ for _ in ()).throw(MissingDependencyError("soundfile")), said.append)
    assert len(said) == 2


def test_what_was_there_is_replaced_by_all_or_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "out"

    def stopped(written: bytes) -> None:
        with opened(output) as stream:
            stream.write(written)
            raise DataError("stop")

    with pytest.raises(DataError, match="stop"):
        stopped(b"half")
    assert not output.exists()
    part = output.with_name("out.part")
    assert part.read_bytes() == b"half"
    assert f"{output} is not there; what was written is in {part}" in capsys.readouterr().err
    with opened(output) as stream:
        stream.write(b"all")
    assert output.read_bytes() == b"all"
    assert not part.exists()
    with pytest.raises(DataError, match="stop"):
        stopped(b"")
    assert output.read_bytes() == b"all"
    assert not part.exists()


def test_a_link_stays_one_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    real, link, pipe = tmp_path / "real", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(real)
    with opened(link) as stream:
        stream.write(b"new")
    assert (link.is_symlink(), real.read_bytes()) == (True, b"new")
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with opened(pipe) as stream:
            stream.write(b"through")
        assert os.read(reading, 100) == b"through"
    finally:
        os.close(reading)
    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "pipe", "real"]


def test_what_cant_be_written_is_called_by_its_own_name() -> None:
    with pytest.raises(ResourceError, match=r"^Can't write /proc/nowhere: there is no such file"):  # noqa: SIM117
        with opened(Path("/proc/nowhere")):
            pass
