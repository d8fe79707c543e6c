"""Models in this process that are asked, by messages, as one in a process of the model host."""

from __future__ import annotations

from modelhost.model import LoadedModel
from modelhost.session import HostSession
from modelhost.wire import Message, roundtrip
from packager.model.hosted import reported
from packager.model.hosted_model import HostedModel


def hosted(model: LoadedModel) -> HostedModel:
    """``model`` as the harness sees one of another process."""
    shop = HostSession([model])

    def send(request: Message, _: float | None = None) -> Message:
        answer = roundtrip(shop.answer(roundtrip(request)))
        if "error" in answer.header:
            raise reported(answer.header["error"])
        return answer

    said = Message({"model": {"number": 0, **model.described()}})
    return HostedModel.read(send, model.task, said).untraced()
