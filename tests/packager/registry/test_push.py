"""Pushes to a real registry: what is sent, in which order, and what a cut leaves."""

from __future__ import annotations

import http.client
import threading

import pytest
from pushed_images import image_of, random_image, random_layer, size_of
from registries import StartedRegistry
from registry_stubs import StubAnswer, StubRequest, cutting_proxy, stub

from packager.errors import PackageError
from packager.progress import NullProgress
from packager.registry.attachments import Attachment
from packager.registry.manifests import get_manifest, resolve
from packager.registry.push import OutgoingImage, push
from packager.registry.reference import RegistryReference
from packager.registry.referrers import list_referrers
from packager.registry.repository import RegistryRepository, open_repository

SIZES = (250_000, 90_000, 40_000, 40_000, 3_000, 10)
SBOM = Attachment("application/vnd.cyclonedx+json", b"{}")


def at(host: str, name: str) -> RegistryRepository:
    return open_repository(RegistryReference(host, name), write=True, sleep=lambda _: None)


def pushed(
    repository: RegistryRepository, image: OutgoingImage, *attachments: Attachment
) -> dict[str, int]:
    return dict(push(repository, image, "1", NullProgress(), attachments).transferred)


def test_the_largest_blobs_are_first_and_each_is_there_once():
    layer = random_layer("same", 100)
    image = image_of(random_layer("small", 10), layer, layer, random_layer("large", 1_000))
    assert [blob.name for blob in image.blobs][:1] == ["large"]
    assert len(image.blobs) == 4
    assert image.descriptor.size == len(image.manifest)


@pytest.mark.server
def test_a_second_push_sends_no_blob(plain: StartedRegistry):
    image, repository = random_image(*SIZES), plain.repository("push/a:1")
    assert pushed(repository, image) == {"sent": size_of(image), "mounted": 0, "held": 0}
    assert pushed(repository, image) == {"sent": 0, "mounted": 0, "held": size_of(image)}
    assert resolve(repository, "1", "linux/amd64").content == image.manifest


@pytest.mark.server
def test_another_repository_gets_the_blobs_by_mount(plain: StartedRegistry):
    image = random_image(*SIZES)
    pushed(plain.repository("push/b:1"), image)
    assert pushed(plain.repository("push/c:1"), image)["mounted"] == size_of(image)


@pytest.mark.server
def test_a_change_of_two_layers_sends_these_and_the_config(plain: StartedRegistry):
    before = random_image(*SIZES)
    changed = [random_layer("model", 30_000), random_layer("package", 20_000)]
    after = image_of(*before.layers[:4], *changed)
    with cutting_proxy(plain.host) as proxy:
        pushed(at(proxy.host, "push/d"), before)
        proxy.passed = 0
        sent = pushed(at(proxy.host, "push/d"), after)["sent"]
        assert sent == 50_000 + after.config.descriptor.size
        assert proxy.passed <= 50_000 + 10_000
        proxy.passed = 0
        pushed(at(proxy.host, "push/d"), after)
        assert proxy.passed <= 10_000


@pytest.mark.server
def test_the_tag_is_the_last_request(plain: StartedRegistry):
    image = random_image(*SIZES)
    begun = len(plain.requests())
    pushed(plain.repository("push/e:1"), image, SBOM)
    seen = plain.requests()[begun:]
    puts = [path.partition("/manifests/")[2] for method, path, _ in seen if method == "PUT"]
    digest = image.descriptor.digest
    (stored,) = list_referrers(plain.repository("push/e:1"), digest)
    assert [one for one in puts if one] == [
        digest,
        stored.descriptor.digest,
        digest.replace(":", "-"),
        "1",
    ]
    assert seen[-1][:2] == ("PUT", "/v2/push/e/manifests/1")


@pytest.mark.server
@pytest.mark.parametrize("point", range(20))
@pytest.mark.sample(6)
def test_a_push_cut_anywhere_leaves_no_tag_and_the_next_completes_it(plain, point: int):
    image, name = random_image(*SIZES), f"push/cut{point}"
    with cutting_proxy(plain.host) as proxy:
        proxy.left = (point + 0.5) / 20 * size_of(image)
        with pytest.raises(PackageError, match="no answer from the registry"):
            pushed(at(proxy.host, name), image)
        assert plain.tags(name) == []
        proxy.left = float("inf")
        again = pushed(at(proxy.host, name), image)
    assert again["sent"] + again["held"] + again["mounted"] == size_of(image)
    assert get_manifest(at(plain.host, name), "1").content == image.manifest


class TokenGate:
    """A registry whose tokens are good for three requests, before a real one."""

    def __init__(self, behind: str) -> None:
        self.behind, self.uses, self.lock = behind, dict[str, int](), threading.Lock()

    def __call__(self, asked: StubRequest) -> StubAnswer:
        if asked.path.startswith("/token"):
            with self.lock:
                name = f"t{len(self.uses)}"
                self.uses[name] = 3
            return StubAnswer(200, content=b'{"token": "%s", "expires_in": 300}' % name.encode())
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        with self.lock:
            good = self.uses.get(token, 0) > 0
            if good:
                self.uses[token] -= 1
        if not good:
            realm = f'Bearer realm="http://{asked.headers["Host"]}/token",service="r"'
            return StubAnswer(401, {"WWW-Authenticate": realm})
        return self.forwarded(asked)

    def forwarded(self, asked: StubRequest) -> StubAnswer:
        names = ("Content-Type", "Content-Range", "Accept", "Host")
        headers = {name: asked.headers[name] for name in names if name in asked.headers}
        connection = http.client.HTTPConnection(self.behind)
        connection.request(asked.method, asked.path, asked.body, headers)
        told = connection.getresponse()
        kept = {k: v for k, v in told.getheaders() if k not in ("Content-Length", "Connection")}
        return StubAnswer(told.status, kept, told.read())


@pytest.mark.server
def test_tokens_of_three_uses_are_enough_for_a_push_of_four_blobs_at_once(plain):
    image, gate = random_image(*SIZES, *range(1_000, 1_020)), TokenGate(plain.host)
    with stub(gate) as found:
        assert pushed(at(found.host, "push/tokens"), image, SBOM)["sent"] == size_of(image)
    assert plain.tags("push/tokens") == sorted(["1", image.descriptor.digest.replace(":", "-")])
    assert len(gate.uses) >= len(image.blobs)


@pytest.mark.server
def test_without_a_tag_the_digest_names_it(plain: StartedRegistry):
    image = random_image(10)
    push(plain.repository("push/f:1"), image, None, NullProgress())
    assert plain.tags("push/f") == []
    found = get_manifest(plain.repository("push/f:1"), image.descriptor.digest)
    assert found.content == image.manifest


@pytest.mark.server
def test_progress_says_how_each_blob_got_there(plain: StartedRegistry):
    class Told(NullProgress):
        def __init__(self) -> None:
            self.items: dict[str, tuple[str, int]] = {}

        def item(self, name: str, how: str, size: int, seconds: float) -> None:
            self.items[name] = (how, size)

    told, image = Told(), image_of(random_layer("model", 100))
    push(plain.repository("push/g:1"), image, "1", told)
    assert told.items["model"] == ("sent", 100)
    push(plain.repository("push/g:1"), image, "1", told)
    assert told.items["model"] == ("held", 100)
