"""Where commands read a project from: the settings of an audit, from what every command is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from frontend_api.settings import Settings, validated

if TYPE_CHECKING:
    from verifier.audit import AuditSettings


def audit_settings(settings: Settings, gateways: Sequence[str] | None, **more: Any) -> AuditSettings:
    """Chain, deployment and project of the settings, the gateways named, and `more` of the fields of AuditSettings.

    Raises SettingsError.
    """
    from verifier.audit import AuditSettings  # much comes with it: only commands that read a project wait for that

    common = {
        "rpc_url": settings.rpc_url,
        "chain_id": settings.chain_id,
        "deployment": settings.deployment,
        "project": settings.project,
        "gateways": tuple(gateways or ()),
    }
    return validated(AuditSettings, {**common, **more})
