"""The compiled check asks a model process, which may be slow, broken or gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import serving.compiled_check.model_link
from modelhost.prediction_messages import encode_predictions
from modelhost.predictions import Predictions
from modelhost.wire import Message, receive, send
from packager.manifest.manifest import Column, Schema
from serving.compiled_check.model_link import ModelLink, NoAnswerError
from serving.prediction.model_connection import VERSION

SCHEMA = Schema(
    features=(
        Column(name="carat", kind="number", dtype="float64", nullable=True),
        Column(name="color", kind="string", dtype="object", nullable=False),
    ),
    classes=("a", "b"),
)
HELLO = Message({"hello": VERSION, "pid": 1, "model": {}})
Serve = Callable[[socket.socket], None]


@contextmanager
def model_process(folder: Path, *connections: Serve) -> Iterator[str]:
    """A process that serves one connection after another; its address."""
    address = str(folder / "model")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(address)
        listening.listen()

        def run() -> None:
            for serve in connections:
                accepted, _ = listening.accept()
                with accepted:
                    send(accepted, HELLO)
                    serve(accepted)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield address
        thread.join(60)


def answering(*answers: Message | bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        for answer in answers:
            asked = receive(connection)
            assert asked is not None
            assert (asked.header["verb"], asked.header["rows"]) == ("predict", 1)
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                send(connection, answer)

    return serve


def predicted(*labels: str) -> Message:
    chances = np.array([[0.25, 0.75]] * len(labels))
    header, buffers = encode_predictions(Predictions(list(labels), chances))
    return Message({"id": 0, **header}, buffers)


def test_one_row_is_answered_and_the_connection_kept(tmp_path: Path) -> None:
    with model_process(tmp_path, answering(predicted("b"), predicted("a"))) as address:
        link = ModelLink(address, SCHEMA)
        for expected in ("b", "a"):
            found = link.predict([0.5, "E"])
            assert found is not None
            assert found.labels == [expected]
            assert found.probabilities is not None
            assert found.probabilities.tolist() == [[0.25, 0.75]]
        link.close()


@pytest.mark.parametrize("key", ["refused", "broken"])
def test_a_row_on_which_the_model_raises_has_no_answer(tmp_path: Path, key: str) -> None:
    with model_process(tmp_path, answering(Message({"id": 0, key: {"said": []}}))) as address:
        link = ModelLink(address, SCHEMA)
        assert link.predict([None, "E"]) is None
        link.close()


@pytest.mark.parametrize(
    "answer",
    [
        Message({"id": 0, "full": True}),
        Message({"id": 0, "skipped": "deadline"}),
        Message({"id": 0, "labels": 3}),
        Message({"id": 0, "labels": {"as": "json", "values": ["a"]}}),
        Message({"id": 0, "labels": {"as": "json", "values": "a"}, "rows": [1]}),
        predicted("a", "b"),
        b"garbage of more than sixteen bytes",
        b"MHW1",
    ],
)
def test_what_is_no_answer_is_told_and_the_next_row_is_asked_anew(
    tmp_path: Path, answer: Message | bytes
) -> None:
    answered = answering(predicted("a"))
    retried = answering(answer, predicted("a"))
    whole = isinstance(answer, Message) and {"full", "skipped"} & answer.header.keys()
    serves = (retried,) if whole else (answering(answer), answered)
    with model_process(tmp_path, *serves) as address:
        link = ModelLink(address, SCHEMA)
        with pytest.raises(NoAnswerError):
            link.predict([0.5, "E"])
        found = link.predict([0.5, "E"])
        assert found is not None
        assert found.labels == ["a"]
        link.close()


def test_a_process_that_ends_is_connected_to_again(tmp_path: Path) -> None:
    ending, answered = answering(), answering(predicted("b"))
    with model_process(tmp_path, ending, answered) as address:
        link = ModelLink(address, SCHEMA)
        with pytest.raises(NoAnswerError):
            link.predict([0.5, "E"])
        assert link.predict([0.5, "E"]) is not None
        link.close()


def test_a_process_that_does_not_answer_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving.compiled_check.model_link, "ANSWER_SECONDS", 0.1)
    done = threading.Event()
    with model_process(tmp_path, lambda _: done.wait(60) and None) as address:
        with pytest.raises(NoAnswerError, match="timed out"):
            ModelLink(address, SCHEMA).predict([0.5, "E"])
        done.set()


def test_without_a_process_there_is_no_answer(tmp_path: Path) -> None:
    link = ModelLink(str(tmp_path / "none"), SCHEMA)
    with pytest.raises(NoAnswerError):
        link.predict([0.5, "E"])
    link.close()
