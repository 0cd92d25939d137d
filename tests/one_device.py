"""A machine whose accelerator is PyTorch's "meta" device: shapes without numbers, and nothing from the CPU beside them.

Where a GPU would be asked for a number, it says one; for the places that a mask keeps, all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Self

import torch
from torch import Tensor
from torch.fx.experimental import _config
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ACCELERATOR = torch.device("meta")
aten: Any = torch.ops.aten
FOR_BOTH = (aten._to_copy.default, aten.copy_.default, aten._pack_padded_sequence.default)


class OneDevice(TorchDispatchMode):
    """Raises AssertionError where an operation takes tensors of the CPU, but single numbers, and of the accelerator."""

    def __enter__(self) -> Self:
        self.stack = ExitStack()
        self.stack.enter_context(_config.patch(meta_nonzero_assume_all_nonzero=True))
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self.stack.close()

    def __torch_dispatch__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        leaves = tree_leaves((args, named))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        if not any(tensor.device == ACCELERATOR for tensor in tensors):
            return function(*args, **named)
        if function is aten._local_scalar_dense.default:
            return 1
        if function is aten._to_copy.default and named.get("device") == torch.device("cpu"):
            return torch.ones(args[0].shape, dtype=named.get("dtype") or args[0].dtype)
        strangers = [tensor for tensor in tensors if tensor.device != ACCELERATOR and tensor.ndim > 0]
        assert not strangers or function in FOR_BOTH, f"{function} takes {strangers} beside the accelerator's"
        return function(*args, **named)
