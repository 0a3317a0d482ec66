"""The result of a Listener Check as JUnit XML, which every CI server shows as a list of tests."""

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from ipn.listener_check.faults import FAIL, PASS, SKIPPED
from ipn.listener_check.judgement import Judgement, Report

# What XML 1.0 cannot hold, however it is escaped.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_xml(report: Report) -> bytes:
    """One test suite with a test for each story. A warning is a test that passes and says something."""
    check = report.check
    seconds = (check.ended_at - check.begun_at).total_seconds() if check.ended_at and check.begun_at else 0.0
    totals = {
        "tests": str(len(report.judgements)),
        "failures": str(report.counts[FAIL]),
        "errors": "0",
        "skipped": str(report.counts[SKIPPED]),
        "time": f"{seconds:.3f}",
    }
    suites = Element("testsuites", {"name": "Listener Check", **totals})
    begun = {"timestamp": f"{check.begun_at:%Y-%m-%dT%H:%M:%S}"} if check.begun_at else {}
    suite = SubElement(suites, "testsuite", {"name": _text(f"Listener Check of {check.url}"), **totals, **begun})
    for judgement in report.judgements:
        _add(suite, judgement)
    ElementTree.indent(suites)
    xml: bytes = ElementTree.tostring(suites, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def _add(suite: Element, judgement: Judgement) -> None:
    case = SubElement(
        suite,
        "testcase",
        {"classname": "listener-check", "name": judgement.story.key, "time": f"{judgement.seconds:.3f}"},
    )
    if judgement.outcome == SKIPPED:
        SubElement(case, "skipped", {"message": _text(str(judgement.why_skipped))})
        return
    if judgement.outcome == FAIL:
        first = next(note for note in judgement.notes if note.outcome == FAIL)
        failure = SubElement(case, "failure", {"message": _text(str(first.title)), "type": judgement.story.key})
        failure.text = _text("\n".join(sentences(judgement)))
    said = [str(judgement.story.told), judgement.seen]
    if judgement.outcome != PASS:
        said += sentences(judgement)
    SubElement(case, "system-out").text = _text("\n".join(said))


def sentences(judgement: Judgement) -> list[str]:
    """Each note in a line: what was seen, and the cure."""
    return [
        " ".join(filter(None, (f"{note.title}.", str(note.cure), f"({', '.join(note.names)})" if note.names else "")))
        for note in judgement.notes
    ]


def _text(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
