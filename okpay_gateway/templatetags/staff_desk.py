"""The admin's front page: what waits, and the pages that are no tables."""

from typing import Any

from django import template
from django.template import Context

from okpay_gateway import staff_desk as desk

register = template.Library()


@register.inclusion_tag("site/staff_desk.html", takes_context=True)
def staff_desk(context: Context) -> dict[str, Any]:
    user = context["request"].user
    return {
        "queues": list(desk.waiting(user)),
        "sees_messages": user.has_perm("ipn.view_ipnmessage"),
        "sees_journal": user.has_perm("sandbox.view_journalentry"),
    }
