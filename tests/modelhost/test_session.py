"""The verbs of the training side, without a process around them."""

from __future__ import annotations

import os
import socket
import threading

import pytest

from modelhost.columns import ColumnSpec, decode_columns, encode_values
from modelhost.model import LoadedModel
from modelhost.predictions import Predictions
from modelhost.session import HostSession, work
from modelhost.solution.short_form import ANSWER, REQUEST, ShortRequest, read_answer, read_request
from modelhost.wire import Message, MessageDecoder, encoded, receive, send

TRAIN = """
class Model:
    def predict(self, frame):
        return [value * 2 for value in frame["x"]]

def train(features, target, *, params, seed):
    return Model()
"""


def request(verb: str, rows: int, **keys: object) -> Message:
    specs = [ColumnSpec("x", "number", "float64"), ColumnSpec("y", "number", "float64")]
    specs = specs if verb == "train" else specs[:1]
    values = [[float(row) for row in range(rows)]] * len(specs)
    columns = encode_values(values, specs, rows)
    described = {"columns": columns.described, "rows": rows}
    header = {"verb": verb, "specs": [spec.as_json() for spec in specs], **described, **keys}
    return Message(header, columns.buffers)


def test_a_model_is_trained_saved_loaded_and_asked(project, tmp_path):
    project.code(train=TRAIN)
    shop = HostSession()
    recipe = {"train": "train:train", "params": {}, "seed": 1}
    asked = request("train", 20, features=["x"], targets=["y"], takes="frame", **recipe)
    assert shop.answer(asked).header == {"model_type": "Model"}
    saved = shop.answer(Message({"verb": "save", "path": str(tmp_path), "predictor": "auto"}))
    assert saved.header == {"loader": "joblib"}
    path = str(tmp_path / "model")
    load = {"verb": "load", "path": path, "predictor": "auto", "loader": "joblib"}
    told = shop.answer(
        Message({**load, "task": "regression", "outputs": [], "takes": "frame"})
    ).header["model"]
    assert (told["number"], told["type"], told["classes"]) == (0, "Model", None)
    answer = shop.answer(request("predict", 20, model=0))
    (labels,) = decode_columns([answer.header["labels"]], answer.buffers, 20)
    assert labels.tolist() == [2.0 * row for row in range(20)]


def test_a_state_has_no_address_that_a_prediction_stored() -> None:
    sklearn = pytest.importorskip("sklearn.feature_extraction.text")
    vectorizer = sklearn.TfidfVectorizer().fit(["the cat", "cat dog"])
    host = HostSession([LoadedModel(vectorizer, "regression", None, has_probabilities=False)])
    asked = Message({"verb": "state", "model": 0})
    before = host.answer(asked)
    vectorizer.transform(["cat"])
    assert "_stop_words_id" in vars(vectorizer)
    after = host.answer(asked)
    assert (after.header, after.buffers) == (before.header, before.buffers)


def test_an_error_of_the_project_is_an_answer(project):
    project.code(train="def train(features, target, *, params, seed): return features['z']")
    recipe = {"train": "train:train", "params": {}, "seed": 1}
    asked = request("train", 3, features=["x"], targets=["y"], takes="frame", **recipe)
    error = HostSession().answer(asked).header["error"]
    assert error["message"] == "the recipe raised KeyError: 'z'"
    assert (error["missing_key"], error["cause"], error["exit_code"]) == ("z", "KeyError", 1)


def test_requests_are_answered_until_the_connection_closes(tmp_path):
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=work, args=(theirs,))
    with ours, theirs:
        thread.start()
        load = {"verb": "load", "path": str(tmp_path / "none"), "predictor": "auto"}
        send(
            ours,
            Message(
                {**load, "loader": "joblib", "task": "regression", "outputs": [], "takes": "frame"}
            ),
        )
        answer = receive(ours)
        assert answer is not None
        assert "found nothing" in answer.header["error"]["message"]
        ours.shutdown(socket.SHUT_WR)
        thread.join(30)
        assert not thread.is_alive()


MEMBER = """
import os
class Model:
    @classmethod
    def load(cls, path):
        return cls()
    def predict(self, frame):
        if (frame["x"] == 7).any():
            raise MemoryError
        if (frame["x"] == 8).any():
            os.fork()
        return (2 * frame["x"]).tolist()
"""


def loaded_member(folder):
    (folder / "model").touch()
    header = {"verb": "load", "path": str(folder / "model"), "predictor": "member:Model"}
    about = {"loader": "joblib", "task": "regression", "outputs": [], "takes": "frame"}
    specs = [ColumnSpec("x", "number", "float64").as_json()]
    return Message({**header, **about, "specs": specs, "id": 0})


def test_a_member_is_asked_without_specs_and_answers_have_the_number(project, tmp_path):
    project.code(member=MEMBER)
    shop = HostSession()
    assert shop.answer(loaded_member(tmp_path)).header["id"] == 0
    few = {"verb": "ask", "model": 0, "rows": 2, "values": [[1.0, None]], "id": 5}
    answer = shop.answer(Message(few)).header
    assert (answer["id"], answer["labels"]["values"]) == (5, [2.0, None])
    assert answer["seconds"] > 0
    made = encode_values([[3.0] * 20], [ColumnSpec("x", "number", "float64")], 20)
    many = {"verb": "ask", "model": 0, "rows": 20, "columns": made.described, "id": 6}
    answer = shop.answer(Message(many, made.buffers))
    (labels,) = decode_columns([answer.header["labels"]], answer.buffers, 20)
    assert labels.tolist() == [6.0] * 20
    for number in ({"id": 7}, {"short": 7}):
        wrong = shop.answer(Message({**few, **number, "values": [["text", "a"]]})).header
        assert wrong["id"] == 7
        assert "the model raised ValueError" in wrong["error"]["message"]


def test_a_short_request_has_a_short_answer(project, tmp_path):
    project.code(member=MEMBER)
    shop, asked = HostSession(), ShortRequest(2, [[1.0, None]]).encoded(5)
    shop.answer(loaded_member(tmp_path))
    (request,) = MessageDecoder(forms={REQUEST: read_request}).feed(asked)
    (content,) = encoded(shop.answer(request))
    (answer,) = MessageDecoder(forms={ANSWER: read_answer}).feed(bytes(content))
    assert answer.header["id"] == 5
    assert answer.header["predictions"] == Predictions([2.0, None], None)
    assert answer.header["seconds"] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(7.0, 70), (8.0, 0)])
def test_a_member_that_runs_out_of_memory_ends_and_a_fork_answers_nothing(
    project, tmp_path, number, code
):
    project.code(member=MEMBER)
    ours, theirs = socket.socketpair()
    with ours:
        process = os.fork()
        if not process:
            ours.close()
            os._exit(work(theirs))
        theirs.close()
        send(ours, loaded_member(tmp_path))
        assert receive(ours).header["id"] == 0
        ask = {"verb": "ask", "model": 0, "rows": 1, "values": [[number]]}
        send(ours, Message({**ask, "id": 1}))
        if not code:
            send(ours, Message({**ask, "values": [[1.0]], "id": 2}))
        ours.shutdown(socket.SHUT_WR)
        answers = []
        while (answer := receive(ours)) is not None:
            answers.append(answer.header["id"])
        assert answers == ([] if code else [1, 2])
        assert os.WEXITSTATUS(os.waitpid(process, 0)[1]) == code
