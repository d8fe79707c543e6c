import time

from scripted_server import listening
from small_servers import SmallServer, small_server

from packager.rollout.mirrored_requests import (
    MirroredAnswer,
    MirroredRows,
    ServerAddress,
    send_pairs,
)

GOOD = SmallServer(lambda row: (200, row["x"] > 0))


def test_an_answer_has_status_document_and_time():
    with small_server(GOOD) as url, ServerAddress(url) as asked:
        found = asked.predict([{"x": 1}, {"x": -1}])
        assert found.status == 200
        assert found.answers == [{"prediction": True}, {"prediction": False}]
        assert 0 < found.seconds < 60
        assert asked.get("/nothing").status == 404


def test_a_key_is_sent():
    server = SmallServer(lambda _: (200, 1))
    with small_server(server) as url, ServerAddress(url, "secret") as asked:
        asked.predict([{"x": 1}])
    assert server.keys == {"Bearer secret"}


def test_a_server_that_is_away_is_no_answer():
    with ServerAddress("http://127.0.0.1:9") as asked:
        found = asked.predict([{"x": 1}])
    assert (found.status, found.answers) == (0, [])
    assert found.failure_text.startswith("status none: ConnectionError")


def test_what_is_no_json_is_shown_as_text():
    def answer(client, received):
        client.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 6\r\n\r\n<html>")
        return True

    with listening(answer) as (host, port), ServerAddress(f"http://{host}:{port}") as asked:
        found = asked.get("/readyz")
    assert found.failure_text == "status 503: <html>"
    assert not found.refused


def test_rows_go_to_both_in_turn_until_there_are_enough_pairs():
    old, new = SmallServer(lambda _: (200, 1)), SmallServer(lambda _: (200, 2))
    found = MirroredRows()
    with (
        small_server(old) as a,
        small_server(new) as b,
        ServerAddress(a) as one,
        ServerAddress(b) as other,
    ):
        send_pairs(one, other, [{"x": 1}, {"x": 2}], found, 9, time.monotonic() + 60)
    assert (found.pairs, found.other_answers) == (9, 9)
    assert (old.asked, new.asked) == (9, 9)


def test_rows_that_nobody_answers_end_after_a_round():
    refusing = SmallServer(lambda _: (422, "x: expected less"))
    found = MirroredRows()
    with small_server(refusing) as url, ServerAddress(url) as one, ServerAddress(url) as other:
        send_pairs(one, other, [{"x": 1}, {"x": 2}], found, 9, time.monotonic() + 60)
    assert (found.pairs, found.refused_by_both) == (0, 4)


def test_no_request_is_sent_after_the_time():
    found = MirroredRows()
    with ServerAddress("http://127.0.0.1:9") as one:
        send_pairs(one, one, [{"x": 1}], found, 9, time.monotonic() - 1)
    assert found == MirroredRows()


def test_a_refusal_is_of_the_input():
    assert MirroredAnswer(422, 0.1).refused
    assert not MirroredAnswer(503, 0.1).refused
