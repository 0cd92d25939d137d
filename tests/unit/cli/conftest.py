"""One tiny run for all verbs, and a way to run a verb in this process."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from commands import Answer, Project, finish, start, write_project
from seqloom.cli.main import main


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A run of 20 updates, trained by the verb itself. Look, don't touch: copy it to change it."""
    root = tmp_path_factory.mktemp("cli")
    config = write_project(root / "mine")
    answer = finish(start("train", config, cwd=root))
    return Project(root / "mine", root / "runs" / "mine", answer)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An untrained project of one's own; its configuration's path."""
    return write_project(tmp_path / "mine")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Answer]]:
    """Run a command in this process, which has torch already; what it sets there is set back."""
    precision, threads = torch.get_float32_matmul_precision(), torch.get_num_threads()

    def run(*words: object) -> Answer:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        said = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return Answer(code or 0, said.out, said.err)

    yield run
    torch.set_float32_matmul_precision(precision)
    torch.set_num_threads(threads)
