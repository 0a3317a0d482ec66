"""Staff at their pages, as for the admin's own tests."""

from tests.admin.conftest import clerk as clerk
from tests.admin.conftest import staff as staff
