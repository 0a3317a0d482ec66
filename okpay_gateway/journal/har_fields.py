"""What an HTTP Archive looks like, for the document: HAR 1.2, with fields of ours that begin with an underscore."""

from typing import Any

from rest_framework import serializers

from okpay_gateway.journal import api_examples as examples
from sandbox.examples import answers_with


class NamedFields(serializers.Serializer[Any]):
    name = serializers.CharField()
    value = serializers.CharField()


class PostDataFields(serializers.Serializer[Any]):
    mimeType = serializers.CharField()
    text = serializers.CharField()


class HarRequestFields(serializers.Serializer[Any]):
    method = serializers.CharField()
    url = serializers.CharField()
    httpVersion = serializers.CharField()
    cookies = NamedFields(many=True, help_text="Their names; every value is masked.")
    headers = NamedFields(many=True)
    queryString = NamedFields(many=True)
    headersSize = serializers.IntegerField(help_text="-1: not known.")
    bodySize = serializers.IntegerField()
    postData = PostDataFields(required=False)


class ContentFields(serializers.Serializer[Any]):
    size = serializers.IntegerField()
    mimeType = serializers.CharField()
    text = serializers.CharField()


class HarResponseFields(serializers.Serializer[Any]):
    status = serializers.IntegerField(help_text="0: there was no answer.")
    statusText = serializers.CharField()
    httpVersion = serializers.CharField()
    cookies = NamedFields(many=True)
    headers = NamedFields(many=True)
    content = ContentFields()
    redirectURL = serializers.CharField()
    headersSize = serializers.IntegerField()
    bodySize = serializers.IntegerField()


class TimingsFields(serializers.Serializer[Any]):
    send = serializers.FloatField()
    wait = serializers.FloatField()
    receive = serializers.FloatField()


class HarEntryFields(serializers.Serializer[Any]):
    startedDateTime = serializers.DateTimeField(help_text="Real time, where it is known.")
    time = serializers.FloatField(help_text="In milliseconds.")
    request = HarRequestFields()
    response = HarResponseFields()
    cache = serializers.DictField()
    timings = TimingsFields()
    comment = serializers.CharField()
    pageref = serializers.CharField(required=False, help_text="The story that it belongs to.")
    _id = serializers.CharField(help_text="Of the journal's entry.")
    _kind = serializers.CharField(help_text="As the journal says it.")
    _sandboxTime = serializers.DateTimeField()


class HarPageFields(serializers.Serializer[Any]):
    """A story."""

    startedDateTime = serializers.DateTimeField()
    id = serializers.CharField(help_text="The correlation.")
    title = serializers.CharField()
    pageTimings = serializers.DictField()


class CreatorFields(serializers.Serializer[Any]):
    name = serializers.CharField()
    version = serializers.CharField()


class LogFields(serializers.Serializer[Any]):
    version = serializers.CharField()
    creator = CreatorFields()
    pages = HarPageFields(many=True)
    entries = HarEntryFields(many=True)


@answers_with(examples.ARCHIVE)
class Archive(serializers.Serializer[Any]):
    log = LogFields()
