"""ansible.windows.win_uri: a real HTTP request, which the old proxy settings get in the way of."""

from __future__ import annotations

import json
from time import monotonic
from typing import Any
from urllib.error import HTTPError, URLError

from rollout.lab.windows import registry
from rollout.lab.windows.arguments import Option, Spec
from rollout.lab.windows.errors import ModuleFailure
from rollout.lab.windows.state import PcFolder, State

SPEC = Spec(
    {
        "url": Option(required=True),
        "url_method": Option(default="GET", aliases=("method",)),
        "url_timeout": Option("int", default=30, aliases=("timeout",)),
        "return_content": Option("bool", default=False),
        "status_code": Option("list/int", default=[200]),
        "headers": Option("dict"),
        "content_type": Option(),
        "body": Option("raw"),
        "use_proxy": Option("bool", default=True),
        "validate_certs": Option("bool", default=True),
        "dest": Option("path", simulated=False),
        "creates": Option("path", simulated=False),
        "removes": Option("path", simulated=False),
        "follow_redirects": Option(
            default="safe", choices=("all", "none", "safe"), simulated=False
        ),
        "maximum_redirection": Option("int", default=50, simulated=False),
        "http_agent": Option(default="ansible-httpget", simulated=False),
        "force_basic_auth": Option("bool", default=False, simulated=False),
        "url_username": Option(simulated=False),
        "url_password": Option(simulated=False),
        "use_default_credential": Option("bool", default=False, simulated=False),
        "client_cert": Option(simulated=False),
        "client_cert_password": Option(simulated=False),
        "proxy_url": Option(simulated=False),
        "proxy_username": Option(simulated=False),
        "proxy_password": Option(simulated=False),
        "proxy_use_default_credential": Option("bool", default=False, simulated=False),
    }
)


def proxy_in_the_way(state: State) -> str | None:
    """The old network's proxy through which a request would go, None when access is direct."""
    policy: str | None = registry.value(state, registry.PROXY_POLICY, "ProxyServer")
    inet = state["inet"]
    places: list[str | None] = [
        policy,
        inet["auto_config_url"],
        inet["proxy"],
        state["winhttp"]["proxy"],
    ]
    return next((place for place in places if place), None)


def run(pc: PcFolder, args: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Ask the address and judge its status; check mode asks too when the method changes nothing."""
    method = args["url_method"].upper()
    if check_mode and method not in ("GET", "HEAD"):
        return {"changed": False, "skipped": True, "msg": "skipped, running in check mode"}
    proxy = proxy_in_the_way(pc.read()) if args["use_proxy"] else None
    if proxy:
        raise ModuleFailure(
            f"Unhandled exception occurred when sending web request: {args['url']} cannot be "
            f"reached through the old proxy {proxy}"
        )
    started = monotonic()
    status, reason, content, kind = _ask(args, method)
    result: dict[str, Any] = {
        "changed": method not in ("GET", "HEAD"),
        "elapsed": monotonic() - started,
        "url": args["url"],
        "status_code": status,
        "status_description": reason,
        "content_length": len(content),
        "content_type": kind,
    }
    if args["return_content"]:
        result["content"] = content.decode("utf-8", "replace")
        if "json" in kind:
            result["json"] = json.loads(content)
    if status not in args["status_code"]:
        raise ModuleFailure(
            f"Status code of request '{status}' is not in list of valid status codes "
            f"{args['status_code']}."
        )
    return result


def _ask(args: dict[str, Any], method: str) -> tuple[int, str, bytes, str]:
    from urllib.request import ProxyHandler, Request, build_opener

    if not args["url"].startswith(("http://", "https://")):
        raise ModuleFailure(f"{args['url']}: the lab asks http and https addresses only")
    body = args["body"]
    data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
    headers = dict(args["headers"] or {})
    if args["content_type"]:
        headers["Content-Type"] = args["content_type"]
    request = Request(args["url"], data=data, method=method, headers=headers)  # noqa: S310
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=args["url_timeout"]) as answer:
            kind = answer.headers.get("Content-Type", "")
            return answer.status, answer.reason, answer.read(), kind
    except HTTPError as error:
        return error.code, str(error.reason), error.read(), error.headers.get("Content-Type", "")
    except (URLError, OSError) as error:
        raise ModuleFailure(
            f"Unhandled exception occurred when sending web request: {args['url']}: {error}"
        ) from None
