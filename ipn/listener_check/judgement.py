"""What a Listener Check shows: pass, warning or failure, story by story."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ipn.listener_check.facts import NOT_REACHED, OUT_OF_TIME, Facts
from ipn.listener_check.faults import FAIL, OUTCOMES, PASS, SKIPPED, WARN, Note, notes
from ipn.listener_check.stories import BY_KEY, Story
from ipn.models import DeliveryAttempt, ListenerCheck, Verification

Error = DeliveryAttempt.Error
Words = str | Promise

WORST_LAST = (PASS, SKIPPED, WARN, FAIL)
LABELS: dict[str, Words] = {
    PASS: gettext_lazy("Passed"),
    WARN: gettext_lazy("Warning"),
    FAIL: gettext_lazy("Failed"),
    SKIPPED: gettext_lazy("Not told"),
}
SKIPS: dict[str, Words] = {
    NOT_REACHED: gettext_lazy("Not told: the listener could not be reached before."),
    OUT_OF_TIME: gettext_lazy("Not told: the stories before took all the time that a check has."),
}


@dataclass(frozen=True)
class Judgement:
    """What is to be said about one story."""

    story: Story
    facts: Facts
    notes: list[Note]
    # Told while the check is under way: nothing can be said yet.
    is_open: bool = False

    @property
    def outcome(self) -> str:
        if self.facts["skipped"]:
            return SKIPPED
        return max((note.outcome for note in self.notes), key=WORST_LAST.index, default=PASS)

    @property
    def label(self) -> Words:
        return LABELS[self.outcome]

    @property
    def why_skipped(self) -> Words:
        return SKIPS.get(self.facts["skipped"], "")

    @cached_property
    def posts(self) -> list[Facts]:
        return [post for message in self.facts["messages"] for post in message["posts"]]

    @cached_property
    def questions(self) -> list[Facts]:
        return [question for message in self.facts["messages"] for question in message["questions"]]

    @property
    def seconds(self) -> float:
        """What the listener took for its answers, all together."""
        return float(sum(post["seconds"] for post in self.posts))

    @property
    def seen(self) -> str:
        """In short: `200 in 0.012 s, VERIFIED after 0.004 s`."""
        answers = Counter(
            str(post["code"]) if post["code"] else str(Error(post["error"]).label) if post["error"] else "-"
            for post in self.posts
        )
        verdicts = Counter(question["verdict"] for question in self.questions)
        return _("%(answers)s in %(seconds)s s; ipn-verify: %(verdicts)s") % {
            "answers": _listed(answers),
            "seconds": f"{max((post['seconds'] for post in self.posts), default=0):.3f}",
            "verdicts": (_listed(verdicts) + self._after) if verdicts else _("not asked"),
        }

    @property
    def bodies(self) -> list[str]:
        """What was posted, the same only once."""
        return list(dict.fromkeys(post["body"] for post in self.posts))

    @property
    def _after(self) -> str:
        after = [question["after"] for question in self.questions if question["after"] is not None]
        return _(", asked after %(seconds)s s") % {"seconds": f"{max(after):.3f}"} if after else ""


@dataclass(frozen=True)
class Fault:
    """The same note in one story or in several."""

    note: Note
    stories: list[Story]


@dataclass(frozen=True)
class Report:
    """A check as a whole."""

    check: ListenerCheck
    judgements: list[Judgement]

    @cached_property
    def counts(self) -> dict[str, int]:
        found = Counter(judgement.outcome for judgement in self.judgements)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @cached_property
    def faults(self) -> list[Fault]:
        """What there is to mend, the worst first, each once however many stories show it."""
        found: dict[tuple[str, str], list[tuple[Note, Story]]] = {}
        for judgement in self.judgements:
            for note in judgement.notes:
                found.setdefault((str(note.title), str(note.cure)), []).append((note, judgement.story))
        faults = [
            Fault(max((note for note, _story in seen), key=_badness), [story for _note, story in seen])
            for seen in found.values()
        ]
        return sorted(faults, key=lambda fault: _badness(fault.note), reverse=True)

    @property
    def passed(self) -> bool:
        """A warning is no failure; what was not told is not passed."""
        return self.check.ended_at is not None and not self.counts[FAIL] and not self.counts[SKIPPED]

    @property
    def in_a_line(self) -> str:
        stories = ngettext("%(count)d story", "%(count)d stories", len(self.judgements))
        return _(
            "%(stories)s: %(passed)d passed, %(warned)d with warnings, %(failed)d failed, %(skipped)d not told"
        ) % {
            "stories": stories % {"count": len(self.judgements)},
            "passed": self.counts[PASS],
            "warned": self.counts[WARN],
            "failed": self.counts[FAIL],
            "skipped": self.counts[SKIPPED],
        }


def judge(check: ListenerCheck) -> Report:
    """What there is to say so far. The words are those of the language that is active."""
    ids = [
        identity
        for facts in check.facts
        for identity in (
            *facts["strays"],
            *(question["id"] for message in facts["messages"] for question in message["questions"]),
        )
    ]
    questions = Verification.objects.select_related("message").in_bulk(ids)
    never_asked = not ids
    judgements = []
    for facts in check.facts:
        story = BY_KEY[facts["story"]]
        is_open = check.ended_at is None
        nothing_yet = is_open or facts["skipped"]
        found = [] if nothing_yet else notes(story, facts, check, questions, never_asked=never_asked)
        # Two messages of a story often show the same fault.
        different = {(note.outcome, str(note.title), str(note.cure)): note for note in found}
        judgements.append(Judgement(story, facts, list(different.values()), is_open))
    return Report(check, judgements)


def _badness(note: Note) -> int:
    return WORST_LAST.index(note.outcome)


def _listed(counter: "Counter[str]") -> str:
    return ", ".join(word if number == 1 else f"{number} × {word}" for word, number in counter.items())
