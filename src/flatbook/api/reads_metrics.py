"""The metrics of the running engine, as the text that it tells on its own socket, for what collects metrics."""

from __future__ import annotations

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from flatbook.api.problems import Code, Problem
from flatbook.api.routes import READ, ROOT, AtSite, problems
from flatbook.ops.control_client import ControlFault, NotRunning

ASK_S = 2.0
TEXT = "text/plain"
FORM = "text/plain; version=0.0.4"  # Source: Prometheus, exposition formats; the charset is added to it


@get(
    f"{ROOT}/metrics",
    opt=READ,
    summary="Metrics of the engine as text",
    tags=["desk"],
    media_type=TEXT,
    responses=problems(400, 401, 403, 429, 503),
)
async def metrics(site: AtSite) -> Response[str]:
    """Returns the metrics of the engine in the Prometheus text format; none without an engine that runs."""
    try:
        text = await site.live.ask({"kind": "metrics"}, ASK_S)
    except NotRunning as fault:
        raise Problem(503, Code.ENGINE_NOT_RUNNING, "no engine runs: there are no metrics") from fault
    except ControlFault as fault:
        raise Problem(503, Code.ENGINE_BUSY, str(fault), headers={"retry-after": "1"}) from fault
    return Response(str(text), media_type=FORM)


ROUTES: tuple[ControllerRouterHandler, ...] = (metrics,)
