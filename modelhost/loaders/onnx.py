"""ONNX graphs, by onnxruntime on the processor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modelhost.loaders.contents import file_contents
from modelhost.loaders.protobuf import nodes
from modelhost.objects.graphs import Graph

LIBRARY = "onnxruntime"


def load(path: Path) -> tuple[Any, Any]:
    """A ``Graph``; its state is the bytes of its files. A folder holds one graph and its weights.

    It runs with as many threads as ``OMP_NUM_THREADS`` says, otherwise one.
    """
    import onnxruntime

    graph = path if path.is_file() else next(iter(sorted(path.glob("*.onnx"))))
    settings = onnxruntime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    settings.intra_op_num_threads = int(threads) if threads.isdigit() and int(threads) else 1
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(graph), settings, providers=["CPUExecutionProvider"])
    return Graph(session, nodes(graph.read_bytes())), file_contents(path)
