"""What a client's program meets: the web process of production, with the demo cast in its database."""

from collections.abc import Iterator

import pytest

from tests.web import web_server


@pytest.fixture(scope="session")
def server(
    django_db_setup: None, django_db_blocker: pytest.FixtureDef, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with web_server(tmp_path_factory.mktemp("web")) as address:
        yield address
