"""nn.RNN and nn.GRU with a compiled recurrence, which trains a few streams on a CPU several times as fast.

PyTorch calls its general products for each time step, which costs more than the products themselves where a batch has
few rows. (Its LSTM has one call for all steps.) Here the input's part is one product for all steps, and a compiled loop
of charcells.kernels goes through the steps, forwards and backwards. The equations are those in the documentation of
nn.RNN and nn.GRU, and their derivatives.

Legend: B batch, T time, I inputs, H hidden, G gates of a cell times H, L layers.
"""

import importlib
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

MAX_BATCH = 16
"""Largest batch whose recurrence is compiled, with one thread; above it PyTorch, which uses all threads for its
products, comes close. Measured: experiments/LOG.md."""


def kernels() -> Any:
    """charcells.kernels, or None where numba is not installed or does not run."""
    try:
        return importlib.import_module("charcells.kernels")
    except ImportError:
        return None


class CompiledRecurrence(nn.RNNBase):
    """What RNN and GRU share: the layers, and when PyTorch's own forward serves instead."""

    layer: Any
    """The autograd function of a layer."""

    compiled: bool = True
    """False: always PyTorch's own forward, as `model.compiled=false` asks."""

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As nn.RNN's and nn.GRU's: inputs (B, T, I) and state (L, B, H); outputs (B, T, H) and the last state."""
        if not self._is_compiled_for(inputs):
            result: tuple[Tensor, Tensor] = super().forward(inputs, state)
            return result
        if state is None:
            state = inputs.new_zeros(self.num_layers, len(inputs), self.hidden_size)
        last = []
        for layer in range(self.num_layers):
            if layer > 0:
                inputs = nn.functional.dropout(inputs, self.dropout, self.training)
            weights = [getattr(self, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
            inputs, after = self.layer.apply(inputs, state[layer], *weights)
            last.append(after)
        return inputs, torch.stack(last)

    def _is_compiled_for(self, inputs: Tensor) -> bool:
        """Whether gradients are asked for, of float32 on a CPU and a small batch. Otherwise PyTorch's own serves."""
        return (
            self.compiled
            and torch.is_grad_enabled()
            and inputs.device.type == "cpu"
            and inputs.dtype == self.weight_hh_l0.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu")
            and inputs.dim() == 3
            and len(inputs) * torch.get_num_threads() <= MAX_BATCH
            and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
            and kernels() is not None
        )


class LayerFunction(torch.autograd.Function):
    """One layer, from inputs (B, T, I) and a state (B, H) to outputs (B, T, H) and the last state (B, H)."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, state: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
    ) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    @staticmethod
    def input_part(inputs: Tensor, weight_ih: Tensor, bias: Tensor) -> Tensor:
        """The input's part of the gates at all steps, (T, B, G)."""
        batch, steps, size = inputs.shape
        rows = inputs.transpose(0, 1).reshape(steps * batch, size)
        return torch.addmm(bias, rows, weight_ih.T).view(steps, batch, len(bias))

    @staticmethod
    def gradients(
        inputs: Tensor, states: Tensor, weight_ih: Tensor, from_input: Tensor, from_state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Gradients of the inputs, weights and biases, from those of the gates' two parts, (T, B, G) each."""
        batch, steps, size = inputs.shape
        x, h = from_input.view(steps * batch, -1), from_state.view(steps * batch, -1)
        rows = inputs.transpose(0, 1).reshape(steps * batch, size)
        of_inputs = (x @ weight_ih).view(steps, batch, size).transpose(0, 1)
        return of_inputs, x.T @ rows, h.T @ states[:-1].reshape(steps * batch, -1), x.sum(0), h.sum(0)


class RNNLayer(LayerFunction):
    @staticmethod
    def forward(ctx: Any, inputs: Any, state: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
        gates = LayerFunction.input_part(inputs, weight_ih, bias_ih + bias_hh)
        states = state.new_empty(len(gates) + 1, *state.shape)  # (T + 1, B, H)
        states[0] = state
        kernels().rnn_forward(gates.numpy(), weight_hh.T.contiguous().numpy(), states.numpy())
        ctx.save_for_backward(inputs, states, weight_ih, weight_hh)
        return states[1:].transpose(0, 1), states[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:
        inputs, states, weight_ih, weight_hh = ctx.saved_tensors
        of_outputs, of_last = gradients[0].transpose(0, 1).contiguous(), gradients[1].clone()
        of_gates = torch.empty_like(of_outputs)
        kernels().rnn_backward(of_outputs.numpy(), states.numpy(), weight_hh.numpy(), of_gates.numpy(), of_last.numpy())
        of_inputs, *of_weights = LayerFunction.gradients(inputs, states, weight_ih, of_gates, of_gates)
        return of_inputs, of_last, *of_weights


class GRULayer(LayerFunction):
    @staticmethod
    def forward(ctx: Any, inputs: Any, state: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
        split = 2 * state.shape[1]
        bias = torch.cat([bias_ih[:split] + bias_hh[:split], bias_ih[split:]])
        gates = LayerFunction.input_part(inputs, weight_ih, bias)
        states = state.new_empty(len(gates) + 1, *state.shape)  # (T + 1, B, H)
        states[0] = state
        kept = state.new_empty(len(gates), len(state), 4 * state.shape[1])  # r, z, n and the state's part of n
        weights, new_bias = weight_hh.T.contiguous().numpy(), bias_hh[split:].numpy()
        kernels().gru_forward(gates.numpy(), weights, new_bias, states.numpy(), kept.numpy())
        ctx.save_for_backward(inputs, states, kept, weight_ih, weight_hh)
        return states[1:].transpose(0, 1), states[-1].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Any) -> Any:
        inputs, states, kept, weight_ih, weight_hh = ctx.saved_tensors
        of_outputs, of_last = gradients[0].transpose(0, 1).contiguous(), gradients[1].clone()
        from_input = of_outputs.new_empty(*of_outputs.shape[:2], 3 * of_outputs.shape[2])
        from_state = torch.empty_like(from_input)
        arrays = (of_outputs, states, kept, weight_hh, from_input, from_state, of_last)
        kernels().gru_backward(*(array.numpy() for array in arrays))
        of_inputs, *of_weights = LayerFunction.gradients(inputs, states, weight_ih, from_input, from_state)
        return of_inputs, of_last, *of_weights


class RNN(CompiledRecurrence, nn.RNN):  # type: ignore[misc]
    """nn.RNN with tanh, the same parameters and equations."""

    layer = RNNLayer


class GRU(CompiledRecurrence, nn.GRU):  # type: ignore[misc]
    """nn.GRU, the same parameters and equations."""

    layer = GRULayer
