"""The control API's addresses."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView
from rest_framework.routers import SimpleRouter

from checkout import api as checkout
from checkout import links_api as links
from ipn import api as ipn
from ipn.listener_check.api import CheckListenerView
from marketplace import api as marketplace
from okpay_gateway import api_docs, control, control_tokens, problems
from okpay_gateway.journal import api as journal
from okpay_gateway.scenarios import api as scenarios
from okpay_gateway.worlds import api as worlds
from wallets import api as wallets

router = SimpleRouter()
router.register("sandboxes", worlds.SandboxesView)
router.register("tokens", control_tokens.TokensView)
router.register("accounts", wallets.AccountsView)
router.register("wallets", wallets.WalletsView)
router.register("transactions", wallets.TransactionsView)
router.register("ipn-messages", ipn.MessagesView)
router.register("verifications", ipn.VerificationsView)
router.register("checkout-sessions", checkout.SessionsView)
router.register("payment-links/keys", links.KeysView)
router.register("payment-links", links.LinksView)
router.register("stores", marketplace.StoresView)
router.register("products", marketplace.ProductsView)
router.register("orders", marketplace.OrdersView)
router.register("scenarios/uses", scenarios.ScenarioUsesView)
router.register("scenarios", scenarios.ScenariosView)

version_1 = [
    path("reset/", control.ResetView.as_view()),
    path("wait/", control.WaitView.as_view()),
    path("clock/", control.ClockView.as_view()),
    path("ledger/audit/", wallets.AuditView.as_view()),
    path("ipn-messages/check-listener/", CheckListenerView.as_view()),
    path("journal/", journal.JournalView.as_view()),
    path("journal/har/", journal.HarView.as_view()),
    path("journal/stream/", journal.StreamView.as_view()),
    path("journal/<slug:id>/", journal.JournalEntryView.as_view()),
    path("sandboxes/<slug:pk>/snapshots/", worlds.SnapshotsView.as_view()),
    path("sandboxes/<slug:pk>/snapshots/<slug:name>/", worlds.SnapshotView.as_view()),
    *router.urls,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(version_1)),
    path("schema/", api_docs.SchemaView.as_view(), name="api-schema"),
    path("docs/", api_docs.docs, name="api-docs"),
    # Typed by hand; addresses for programs are taken as they are.
    path("schema", RedirectView.as_view(pattern_name="api-schema", query_string=True), name="api-schema-typed"),
    path("docs", RedirectView.as_view(pattern_name="api-docs", query_string=True), name="api-docs-typed"),
    re_path(r"^v1/subscriptions/.*", problems.no_subscriptions),
    re_path("", problems.unknown_address),
]
