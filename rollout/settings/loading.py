"""Reading `rollout.toml`: every fault with its place and what is expected there."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rollout.domain.errors import RolloutError
from rollout.i18n import _
from rollout.settings.faults import reason
from rollout.settings.tree import Settings, config_path


class SettingsError(RolloutError):
    """The configuration cannot be used; the message names every place that is wrong."""


def load() -> Settings:
    """Read the configuration; paths in it are relative to its folder.

    Raises SettingsError with every fault, its place, and what to do.
    """
    path = config_path()
    if not path.is_file():
        raise SettingsError(
            _(
                "no configuration at {path}: run `rollout init`, or name one with ROLLOUT_CONFIG"
            ).format(path=path)
        )
    try:
        settings = Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        faults = "; ".join(_fault(item) for item in error.errors())
        raise SettingsError(f"{path}: {faults}") from None
    except ValueError as error:
        raise SettingsError(
            _("{path} is not valid TOML: {why}").format(path=path, why=error)
        ) from None
    return _anchored(settings, path.parent)


def _fault(item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"]) or "top level"
    if item["type"] == "extra_forbidden":
        return _("{place} is not a known key: see docs/configuration.md").format(place=place)
    found = item.get("input")
    if isinstance(found, dict):
        # The fault lies between keys; what a whole table holds would drown what is wrong.
        return _("{place}: {why}").format(place=place, why=reason(item))
    return _("{place}: {why} (found {found})").format(
        place=place, why=reason(item), found=repr(found)
    )


def _anchored(settings: Settings, folder: Path) -> Settings:
    def anchor(path: Path) -> Path:
        return path if path.is_absolute() else folder / path

    service = settings.service.model_copy(
        update={
            name: anchor(path)
            for name in ("tls_certificate", "tls_key")
            if (path := getattr(settings.service, name)) is not None
        }
    )
    deployment = settings.deployment
    if deployment.folder is not None:
        deployment = deployment.model_copy(update={"folder": anchor(deployment.folder)})
    ansible = settings.ansible.model_copy(
        update={
            "playbooks": anchor(settings.ansible.playbooks),
            "group_vars": anchor(settings.ansible.group_vars),
            "collections": tuple(anchor(path) for path in settings.ansible.collections),
            "artifacts": anchor(settings.ansible.artifacts),
        }
    )
    backup = settings.backup.model_copy(update={"folder": anchor(settings.backup.folder)})
    exports = settings.exports.model_copy(
        update={
            name: None if path is None else anchor(path)
            for name, path in (
                ("folder", settings.exports.folder),
                ("deliver_to", settings.exports.deliver_to),
            )
        }
    )
    tenant = settings.accounts.tenant
    tenant = tenant.model_copy(
        update={
            name: anchor(path)
            for name in ("secret_file", "certificate_file", "ca_file")
            if (path := getattr(tenant, name)) is not None
        }
    )
    secrets = settings.accounts.secrets_file
    accounts = settings.accounts.model_copy(
        update={"tenant": tenant, "secrets_file": anchor(secrets) if secrets else None}
    )
    templates = settings.notices.templates
    notices = settings.notices.model_copy(
        update={"templates": anchor(templates) if templates else None}
    )
    cluster = settings.cluster.model_copy(
        update={
            name: anchor(path)
            for name in ("tls_ca", "tls_certificate", "tls_key")
            if (path := getattr(settings.cluster, name)) is not None
        }
    )
    url = settings.database_url
    if url.startswith("postgresql"):
        url = cluster.protected(url)
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith("sqlite:////"):
        url = prefix + str(folder / url.removeprefix(prefix))
    return settings.model_copy(
        update={
            "accounts": accounts,
            "service": service,
            "deployment": deployment,
            "ansible": ansible,
            "backup": backup,
            "exports": exports,
            "cluster": cluster,
            "notices": notices,
            "database_url": url,
        }
    )
