"""ipn-verify: is this message ours?"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def verify(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
