"""What is written down while a listener is being checked. ipn.listener_check.judgement makes words of it.

`ListenerCheck.facts` has of each story: `story`, `invoice`, `skipped` (why, or ""), `since` (the newest verification
before it), `shipped` (how often the shop delivered it, or null), `orders_trouble` (why that is not known), `strays`
(IDs of verifications that name no message), and `messages`, each with `id` (null: forged), `transaction`, `expects` (a
verdict), `questions` ([{`id`, `verdict`, `after` in seconds or null}]) and `posts` ([{`body`, `sent_at`, `seconds`,
`code`, `error`, `detail`}]).
"""

from typing import Any

from ipn.models import DeliveryAttempt, ListenerCheck

Error = DeliveryAttempt.Error
Facts = dict[str, Any]

# Why a story was skipped.
NOT_REACHED, OUT_OF_TIME = "not_reached", "out_of_time"
# What is no matter of the story: the next one would fare no better.
UNREACHABLE = frozenset(
    {
        *(Error.INCORRECT_URL, Error.FORBIDDEN_ADDRESS, Error.NAME_NOT_FOUND, Error.REFUSED, Error.UNREACHABLE),
        *(Error.TLS, Error.TIMED_OUT),
    }
)
# Seconds, at most, for a listener that answers first and asks afterwards, and for its shop to deliver.
PATIENCE = 5.0
LOOK_EVERY = 0.1


class Interrupted(Exception):
    """What the check had written down is gone: somebody reset the sandbox."""


def messages(check: ListenerCheck) -> list[Facts]:
    return [message for facts in check.facts for message in facts["messages"]]


def posts(facts: Facts) -> list[Facts]:
    """Those of one story."""
    return [post for message in facts["messages"] for post in message["posts"]]


def patience(check: ListenerCheck) -> float:
    return min(PATIENCE, check.timeout)
