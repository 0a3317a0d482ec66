"""PostgreSQL as Django speaks to it, but for one habit: see base.py."""
