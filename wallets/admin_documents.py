"""Staff look at clients' documents and judge them.

The files are strangers': they leave only for staff, as attachments, and the browser is told to run nothing in them.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from sandbox import clock
from wallets import documents
from wallets.errors import AlreadyJudged
from wallets.models import ClientDocument

EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "application/pdf": "pdf"}
PREVIEW_WIDTH = 480


class Judgement(forms.ModelForm[ClientDocument]):
    ACCEPT, REFUSE = "accept", "refuse"

    decision = forms.ChoiceField(
        label=_("Decision"), choices=[(ACCEPT, _("Accept")), (REFUSE, _("Refuse"))], widget=forms.RadioSelect
    )

    class Meta:
        model = ClientDocument
        fields = ("reason",)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("decision") == self.REFUSE and not self.cleaned_data.get("reason"):
            self.add_error("reason", _("Say why: the client reads it."))
        return self.cleaned_data


@admin.register(ClientDocument)
class ClientDocumentAdmin(admin.ModelAdmin[ClientDocument]):
    form = Judgement
    list_display = ("id", "account", "kind", "status", "uploaded_at", "judged_at", "judged_by")
    list_filter = ("status", "kind", "uploaded_at")
    list_select_related = ("account", "judged_by")
    search_fields = ("=account__id", "account__email", "account__last_name", "=sha256")
    actions = ("accept",)
    FACTS = ("account", "verification", "kind", "file", "size", "sha256", "uploaded_at", "uploaded_by")
    readonly_fields = (*FACTS, "status", "judged_at", "judged_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientDocument]:
        # A list of a hundred must not read half a gigabyte.
        return super().get_queryset(request).defer("content")

    def get_fields(self, request: HttpRequest, obj: ClientDocument | None = None) -> Any:
        if obj and self.has_change_permission(request, obj):
            return (*self.FACTS, "decision", "reason")
        return (*self.FACTS, "status", "reason", "judged_at", "judged_by")

    def get_urls(self) -> list[URLPattern]:
        content = path(
            "<int:document_id>/content/",
            self.admin_site.admin_view(self.content_view),
            name="wallets_clientdocument_content",
        )
        return [content, *super().get_urls()]

    def content_view(self, request: HttpRequest, document_id: int) -> HttpResponse:
        document = ClientDocument.objects.filter(id=document_id).first()
        if not self.has_view_permission(request, document):
            raise PermissionDenied
        if document is None:
            raise Http404
        name = f"{document.account_id}-{document.kind}-{document.id}.{EXTENSIONS[document.content_type]}"
        return HttpResponse(
            bytes(document.content),
            content_type=document.content_type,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "Cross-Origin-Resource-Policy": "same-origin",
                "X-Content-Type-Options": "nosniff",
            },
        )

    @admin.display(description=_("file"))
    def file(self, document: ClientDocument) -> SafeString:
        address = reverse("admin:wallets_clientdocument_content", args=[document.id])
        download = format_html('<a href="{}">{}</a>', address, _("Download"))
        if not document.is_picture:
            return download
        # Pictures show in the page: an attachment is one only where it is opened by itself.
        return format_html(
            '<img src="{}" width="{}" alt="{}"><br>{}',
            address,
            PREVIEW_WIDTH,
            document.get_kind_display(),
            download,
        )

    @admin.display(description=_("verification of the account"))
    def verification(self, document: ClientDocument) -> str:
        return document.account.get_verification_display()

    @admin.action(description=_("Accept the selected documents"), permissions=["change"])
    def accept(self, request: HttpRequest, chosen: QuerySet[ClientDocument]) -> None:
        assert request.user.is_authenticated
        done = 0
        for document in chosen.select_related("account__sandbox"):
            try:
                documents.accept(document, by=request.user, now=clock.now(document.account.sandbox))
                done += 1
            except AlreadyJudged as error:
                self.message_user(request, f"{document}: {error}", messages.ERROR)
        self.message_user(request, ngettext("%d document was accepted.", "%d documents were accepted.", done) % done)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        document = self.get_object(request, object_id) if object_id else None
        if request.method == "POST" and document and document.status != ClientDocument.Status.UPLOADED:
            return self._too_late(request)
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except AlreadyJudged:
            return self._too_late(request)

    def save_model(self, request: HttpRequest, obj: ClientDocument, form: Any, change: bool) -> None:
        assert request.user.is_authenticated
        now = clock.now(obj.account.sandbox)
        if form.cleaned_data["decision"] == Judgement.ACCEPT:
            documents.accept(obj, by=request.user, now=now)
        else:
            documents.refuse(obj, reason=form.cleaned_data["reason"], by=request.user, now=now)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ClientDocument | None = None) -> bool:
        waiting = obj is None or obj.status == ClientDocument.Status.UPLOADED
        return waiting and super().has_change_permission(request, obj)

    def _too_late(self, request: HttpRequest) -> HttpResponse:
        """A colleague was faster."""
        self.message_user(request, str(AlreadyJudged.text), messages.ERROR)
        return redirect(request.path)
