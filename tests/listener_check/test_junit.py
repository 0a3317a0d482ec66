"""The JUnit XML of a check is what CI servers read."""

from xml.etree import ElementTree

import pytest

from ipn.listener_check import junit
from ipn.listener_check.stories import STORIES
from tests.listener import Answer, Listener
from tests.listener_check.conftest import Check
from tests.listener_check.shops import shop

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_test_for_each_story_with_what_was_seen(gateway: str, check: Check) -> None:
    with shop(gateway) as good:
        suites = ElementTree.fromstring(junit.as_xml(check(good.url)))

    (suite,) = suites
    assert (suites.tag, suite.tag) == ("testsuites", "testsuite")
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": str(len(STORIES)), "failures": "0", "errors": "0", "skipped": "0"}
    assert float(suite.get("time", "")) > 0
    assert [case.get("name") for case in suite] == [story.key for story in STORIES]
    assert {case.get("classname") for case in suite} == {"listener-check"}
    assert "ipn-verify: INVALID" in (suite[1].findtext("system-out") or "")
    assert all(float(case.get("time", "-1")) >= 0 for case in suite)


def test_failures_carry_their_cure(gateway: str, check: Check) -> None:
    with shop(gateway, asks=lambda body: None) as trusting:
        (suite,) = ElementTree.fromstring(junit.as_xml(check(trusting.url)))

    failure = suite[0].find("failure")
    assert failure is not None
    assert failure.get("message") == "It never asked ipn-verify"
    assert "Post all variables back" in (failure.text or "")
    assert suite.get("failures") == str(len(STORIES) - 1)
    # A warning passes, and says what it is about.
    (warned,) = (case for case in suite if case.get("name") == "test")
    assert warned.find("failure") is None
    assert "Verify test messages like any other" in (warned.findtext("system-out") or "")


def test_what_was_not_told_is_skipped_and_no_answer_breaks_the_file(listener: Listener, check: Check) -> None:
    listener.will(
        Answer(302, headers=(("Location", "https://shop.example/\x0b<&>\ufffe"),)), Answer(raw=b"\x00\x01]]>\r\n\r\n")
    )
    (suite,) = ElementTree.fromstring(junit.as_xml(check(listener.url)))
    assert suite.get("failures") == str(len(STORIES))

    listener.will(Answer(hang=True))
    (suite,) = ElementTree.fromstring(junit.as_xml(check(listener.url, timeout=0.2)))
    assert suite.get("skipped") == str(len(STORIES) - 1)
    skipped = suite[1].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "Not told: the listener could not be reached before."
