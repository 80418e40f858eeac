"""What a run takes of the machine: accelerator and memory."""

import torch

from charcells.training.machine import accelerator, memory_limit


def test_on_a_mac_a_small_model_trains_on_the_cpu_unless_asked_otherwise(small, monkeypatch):
    config = small("text " * 100)
    assert accelerator(config, 10_000) == "auto"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert accelerator(config, 10_000) == "cpu"
    assert accelerator(config, 50_000_000) == "auto"
    assert accelerator(small("text " * 100, "trainer.accelerator=mps"), 10_000) == "mps"


def test_a_containers_memory_limit_counts(tmp_path):
    machine = memory_limit(tmp_path)
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_limit(tmp_path) == machine
    (tmp_path / "memory.max").write_text("1000000\n")
    assert memory_limit(tmp_path) == 1_000_000
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("900000\n")
    assert memory_limit(tmp_path) == 900_000
