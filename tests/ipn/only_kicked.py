"""A worker that never looks by itself: what it delivers, a kick has told it. `python -m tests.ipn.only_kicked`"""

from ipn import worker
from okpay_gateway.celery import app

if __name__ == "__main__":
    worker.LOOK_EVERY = 3600
    app.worker_main(["worker", "--without-mingle", "--without-gossip"])
