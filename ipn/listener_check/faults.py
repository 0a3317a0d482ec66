"""What a listener did wrong in a story of the Listener Check, and for each fault the cure in a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ipn import explanations
from ipn.comparison import parse
from ipn.diagnosis import Finding, diagnose
from ipn.listener_check.facts import Facts
from ipn.listener_check.stories import AT_ONCE, Story
from ipn.models import DeliveryAttempt, ListenerCheck, Verification

Words = str | Promise

OUTCOMES = PASS, WARN, FAIL, SKIPPED = "pass", "warn", "fail", "skipped"
# An answer that takes longer than this part of the time there is will one day come too late.
SLOW = 0.5


@dataclass(frozen=True)
class Note:
    """One thing that was seen, and what to do about it."""

    outcome: str
    title: Words
    cure: Words
    names: tuple[str, ...] = ()
    question: int | None = None  # the verification that shows it


def notes(
    story: Story, facts: Facts, check: ListenerCheck, questions: Mapping[int, Verification], *, never_asked: bool
) -> Iterator[Note]:
    """All that is to be said of a story that was told. `never_asked`: not about any other either."""
    for place, message in enumerate(facts["messages"]):
        yield from _about_answers(message["posts"], check)
        delivered = any(post["code"] for post in message["posts"])
        if message["questions"]:
            yield from _about_questions(story, message, questions)
        elif facts["strays"]:
            yield from _about_strays(facts["strays"], message, questions)
        elif delivered or not message["posts"]:
            yield _never_asked(story, facts, place, never_asked)
    yield from _about_orders(story, facts)


# How it answered


def _about_answers(posts: Sequence[Facts], check: ListenerCheck) -> Iterator[Note]:
    seen = set()
    for post in posts:
        if post["error"]:
            kind = (post["error"], post["code"])
            if kind not in seen:
                yield _not_acknowledged(post, sum((other["error"], other["code"]) == kind for other in posts), posts)
            seen.add(kind)
    slowest = max(post["seconds"] for post in posts)
    if not seen and slowest > check.timeout * SLOW:
        yield Note(
            WARN,
            _("It took %(seconds)s of the %(timeout)s seconds that there are")
            % {"seconds": f"{slowest:.1f}", "timeout": f"{check.timeout:g}"},
            _("Answer 200 at once and do the work afterwards: on a busy day this answer comes too late."),
        )


def _not_acknowledged(post: Facts, number: int, posts: Sequence[Facts]) -> Note:
    attempt = DeliveryAttempt(error=post["error"], response_code=post["code"])
    if post["error"] == DeliveryAttempt.Error.STATUS:
        what = str(post["code"])
    else:
        what = f"{attempt.get_error_display()} ({post['detail']})"
    if len(posts) == 1:
        title = _("Not acknowledged: %(what)s") % {"what": what}
    else:
        title = _("%(number)d of %(posts)d not acknowledged: %(what)s") % {
            "number": number,
            "posts": len(posts),
            "what": what,
        }
    cure = explanations.cure(attempt)
    if len(posts) == AT_ONCE and number < len(posts):
        cure = " ".join((cure, _("Some came through: let your server take several messages at once, or queue them.")))
    return Note(FAIL, title, cure)


# What it asked


def _never_asked(story: Story, facts: Facts, place: int, never_asked: bool) -> Note:
    if story.key == "test":
        return Note(
            WARN,
            _("ipn-verify was not asked about the test message"),
            _("Verify test messages like any other: whoever forges one could make it look like a test, too."),
        )
    if place and facts["messages"][0]["questions"]:
        return Note(
            FAIL,
            _("ipn-verify was not asked about the second message"),
            _(
                "The second message about an order tells something else than the first: verify every message, and tell "
                "duplicates by ok_txn_id together with ok_txn_status."
            ),
        )
    cure = _(
        "Post all variables back to ipn-verify, preceded by ok_verify=true, and act only on VERIFIED: whoever finds "
        "the URL of your listener can tell it of payments that never were."
    )
    if never_asked:
        cure = " ".join(
            (cure, _("If your listener does ask, it asks somebody else: let it ask this gateway's /ipn-verify.html."))
        )
    return Note(FAIL, _("It never asked ipn-verify"), cure)


def _about_questions(story: Story, message: Facts, questions: Mapping[int, Verification]) -> Iterator[Note]:
    asked = message["questions"]
    expects = message["expects"]
    right = [question for question in asked if question["verdict"] == expects]
    if not right:
        yield from _wrong_verdict(message, questions)
        return
    if len(right) < len(asked):
        yield Note(
            WARN,
            _("ipn-verify said %(wrong)s as well as %(right)s")
            % {
                "wrong": ", ".join(sorted({question["verdict"] for question in asked} - {expects})),
                "right": expects,
            },
            _("Your listener asked more than once, and not always letter for letter: see the Verification Log."),
            question=next(question["id"] for question in asked if question["verdict"] != expects),
        )
    # However right the verdict was: did it ask about what it had been sent?
    yield from _differences(message, right[0]["id"], questions, WARN)


def _wrong_verdict(message: Facts, questions: Mapping[int, Verification]) -> Iterator[Note]:
    question = message["questions"][-1]
    title = _("ipn-verify said %(verdict)s, where %(expected)s was right") % {
        "verdict": question["verdict"],
        "expected": message["expects"],
    }
    notes = list(_differences(message, question["id"], questions, FAIL))
    yield Note(
        FAIL,
        title,
        ""
        if notes
        else _("Post back exactly the variables and values that you received, in their order, after ok_verify=true."),
        question=question["id"],
    )
    yield from notes


def _about_strays(strays: Sequence[int], message: Facts, questions: Mapping[int, Verification]) -> Iterator[Note]:
    yield Note(
        FAIL,
        _("ipn-verify was asked, but not about this message"),
        _("What came names neither the message nor its transaction."),
        question=strays[-1],
    )
    yield from _differences(message, strays[-1], questions, FAIL)


def _differences(
    message: Facts, question_id: int, questions: Mapping[int, Verification], outcome: str
) -> Iterator[Note]:
    """Between what was posted and what was asked."""
    question = questions.get(question_id)
    if question is None:
        return
    resent = [post for post in message["posts"] if post["sent_at"] <= question.asked_at.isoformat()]
    sent = parse((resent or message["posts"])[-1]["body"].encode())
    for finding in diagnose(question, sent).findings:
        if finding.key == "unknown":
            continue  # said already, or right
        yield Note(_of(finding, outcome), finding.title, finding.cure, finding.names, question_id)


def _of(finding: Finding, outcome: str) -> str:
    if finding.key == "order":
        return FAIL if settings.IPN_VERIFY_STRICT_ORDER and outcome == FAIL else WARN
    return outcome


# What it delivered


def _about_orders(story: Story, facts: Facts) -> Iterator[Note]:
    if facts["orders_trouble"]:
        yield Note(
            FAIL,
            _("The shop did not say how often it delivered: %(why)s") % {"why": facts["orders_trouble"]},
            _(
                "The orders URL has to answer 200 with a number, or with an object such as {“shipped”: 1}, for the "
                "invoice that stands in place of {invoice}."
            ),
        )
    shipped = facts["shipped"]
    if shipped is None or shipped == story.ships:
        return
    title = ngettext(
        "Delivered %(shipped)d time; %(right)d would be right",
        "Delivered %(shipped)d times; %(right)d would be right",
        shipped,
    )
    cure: Words = story.promise
    if shipped < story.ships:
        cure = " ".join(
            (
                str(story.promise),
                _("There has to be an order of %(invoice)s that no earlier check was about: give another number.")
                % {"invoice": facts["invoice"]},
            )
        )
    yield Note(FAIL, title % {"shipped": shipped, "right": story.ships}, cure)
