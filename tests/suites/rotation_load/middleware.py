"""Says which process answered."""

import os

WORKER = "X-Worker"


def name_worker(get_response):
    """Every response, a refusal too, has the process id of its worker."""

    def respond(request):
        response = get_response(request)
        response[WORKER] = str(os.getpid())
        return response

    return respond
