"""One timeline over both directions: requests, money, notifications and their verification, as pages, API and HAR.

Requests are the journal's own rows (sandbox/journal.py); everything else is read where it is kept anyway.
"""
