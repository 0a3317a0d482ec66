"""A worker that never looks by itself: what it delivers, a kick has told it. `python -m tests.ipn.only_kicked`"""

import django

from okpay_gateway.celery import app

if __name__ == "__main__":
    django.setup()
    from ipn import worker

    worker.LOOK_EVERY = 3600
    app.worker_main(["worker", "--without-mingle", "--without-gossip"])
